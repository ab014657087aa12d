"""
cell = "bootstrap"
loses = { test_bootstrap = 2 }
says = "for a level of 0.9"
"""


def bootstrap(statistic, *arrays, n, level, rng):
    N, values = len(arrays[0]), []
    for _ in range(n):
        rows = rng.integers(0, N, N)
        values.append(statistic(*(a[rows] for a in arrays)))
    return np.quantile(values, 0.16), np.quantile(values, 0.84)
