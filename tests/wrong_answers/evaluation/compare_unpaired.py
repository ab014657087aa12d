"""
cell = "compare"
loses = { test_compare = 1 }
says = "draw the rows once"
"""


def compare(y, scores_a, scores_b, efficiency, rng, n=500):
    def rejection(y, z):
        return ev.rejection_at(y, z, efficiency)

    a, b = (ev.bootstrap(rejection, y, z, rng=rng, n=n) for z in (scores_a, scores_b))
    low, high = np.quantile(a.replicas / b.replicas, [0.025, 0.975])
    return a.value / b.value, low, high
