"""
cell = "next_generation"
loses = { test_next_generation = 1 }
says = "drawn about equally often"
"""


def next_generation(U, y, parents, step, rng):
    best = U[np.argsort(y)[:parents]]
    chosen = best[np.zeros(len(U) - parents, dtype=int)]
    children = chosen + rng.normal(0, step, chosen.shape)
    return np.vstack([best, np.clip(children, 0, 1)])
