"""
cell = "bootstrap"
loses = { test_bootstrap = 2 }
says = "this is mean ± standard deviation"
"""


def bootstrap(statistic, *arrays, n, level, rng):
    N, values = len(arrays[0]), []
    for _ in range(n):
        rows = rng.integers(0, N, N)
        values.append(statistic(*(a[rows] for a in arrays)))
    return np.mean(values) - np.std(values), np.mean(values) + np.std(values)
