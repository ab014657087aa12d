"""
cell = "bootstrap"
loses = { test_bootstrap = 2 }
says = "draw with replacement"
"""


def bootstrap(statistic, *arrays, n, level, rng):
    N, values = len(arrays[0]), []
    for _ in range(n):
        rows = rng.permutation(N)
        values.append(statistic(*(a[rows] for a in arrays)))
    return tuple(np.quantile(values, [(1 - level) / 2, (1 + level) / 2]))
