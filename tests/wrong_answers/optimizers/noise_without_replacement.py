"""
cell = "noise"
loses = { test_noise = 2 }
says = "without replacement"
"""


def noise(slopes, B, draws, rng):
    mean, squares = slopes.mean(axis=0), []
    for _ in range(draws):
        rows = rng.permutation(len(slopes))[:B]
        squares.append(np.sum((slopes[rows].mean(axis=0) - mean) ** 2))
    return np.sqrt(np.mean(squares))
