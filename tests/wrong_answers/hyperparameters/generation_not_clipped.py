"""
cell = "next_generation"
loses = { test_next_generation = 1 }
says = "clip it to 0 and 1"
"""


def next_generation(U, y, parents, step, rng):
    best = U[np.argsort(y)[:parents]]
    chosen = best[rng.integers(parents, size=len(U) - parents)]
    children = chosen + rng.normal(0, step, chosen.shape)
    return np.vstack([best, children])
