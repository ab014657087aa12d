"""
cell = "compare"
loses = { test_compare = 1 }
says = "looks like the 68 % interval"
"""


def compare(y, scores_a, scores_b, efficiency, rng, n=500):
    def ratio(y, a, b):
        return ev.rejection_at(y, a, efficiency) / ev.rejection_at(y, b, efficiency)

    found = ev.bootstrap(ratio, y, scores_a, scores_b, rng=rng, n=n)
    return found.value, found.low, found.high
