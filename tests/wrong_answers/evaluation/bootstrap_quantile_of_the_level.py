"""
cell = "bootstrap"
loses = { test_bootstrap = 2 }
says = "level is the share within the interval"
"""


def bootstrap(statistic, *arrays, n, level, rng):
    N, values = len(arrays[0]), []
    for _ in range(n):
        rows = rng.integers(0, N, N)
        values.append(statistic(*(a[rows] for a in arrays)))
    return tuple(np.quantile(values, [1 - level, level]))
