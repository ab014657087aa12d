"""
cell = "noise"
loses = { test_noise = 2 }
says = "don't average them"
"""


def noise(slopes, B, draws, rng):
    mean, squares = slopes.mean(axis=0), []
    for _ in range(draws):
        rows = rng.integers(0, len(slopes), B)
        squares.append(np.mean((slopes[rows].mean(axis=0) - mean) ** 2))
    return np.sqrt(np.mean(squares))
