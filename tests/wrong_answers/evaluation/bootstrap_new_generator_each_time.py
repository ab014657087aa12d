"""
cell = "bootstrap"
loses = { test_bootstrap = 2 }
says = "some replicas are the same"
"""


def bootstrap(statistic, *arrays, n, level, rng):
    N, values = len(arrays[0]), []
    for _ in range(n):
        rng = np.random.default_rng(0)
        rows = rng.integers(0, N, N)
        values.append(statistic(*(a[rows] for a in arrays)))
    return tuple(np.quantile(values, [(1 - level) / 2, (1 + level) / 2]))
