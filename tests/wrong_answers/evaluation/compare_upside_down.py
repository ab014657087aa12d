"""
cell = "compare"
loses = { test_compare = 1 }
says = "this is R_B / R_A"
"""


def compare(y, scores_a, scores_b, efficiency, rng, n=500):
    def ratio(y, a, b):
        return ev.rejection_at(y, b, efficiency) / ev.rejection_at(y, a, efficiency)

    found = ev.bootstrap(ratio, y, scores_a, scores_b, rng=rng, n=n, level=0.95)
    return found.value, found.low, found.high
