"""
cell = "noise"
loses = { test_noise = 2 }
says = "divide by B"
"""


def noise(slopes, B, draws, rng):
    mean, squares = slopes.mean(axis=0), []
    for _ in range(draws):
        rows = rng.integers(0, len(slopes), B)
        squares.append(np.sum((slopes[rows].sum(axis=0) - B * mean) ** 2))
    return np.sqrt(np.mean(squares))
