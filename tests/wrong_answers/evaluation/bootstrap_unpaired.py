"""
cell = "bootstrap"
loses = { test_bootstrap = 2 }
says = "do not belong together"
"""


def bootstrap(statistic, *arrays, n, level, rng):
    N, values = len(arrays[0]), []
    for _ in range(n):
        values.append(statistic(*(a[rng.integers(0, N, N)] for a in arrays)))
    return tuple(np.quantile(values, [(1 - level) / 2, (1 + level) / 2]))
