"""
cell = "next_generation"
loses = { test_next_generation = 1 }
says = "these are the worst"
"""


def next_generation(U, y, parents, step, rng):
    best = U[np.argsort(y)[::-1][:parents]]
    chosen = best[rng.integers(parents, size=len(U) - parents)]
    children = chosen + rng.normal(0, step, chosen.shape)
    return np.vstack([best, np.clip(children, 0, 1)])
