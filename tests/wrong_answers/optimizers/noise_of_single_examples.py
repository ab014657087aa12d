"""
cell = "noise"
loses = { test_noise = 2 }
says = "this is the noise of single examples"
"""


def noise(slopes, B, draws, rng):
    mean, squares = slopes.mean(axis=0), []
    for _ in range(draws):
        rows = rng.integers(0, len(slopes), B)
        squares.append(np.sum(np.mean((slopes[rows] - mean) ** 2, axis=0)))
    return np.sqrt(np.mean(squares))
