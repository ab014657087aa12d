"""
cell = "next_generation"
loses = { test_next_generation = 1 }
says = "one for each entry of each child"
"""


def next_generation(U, y, parents, step, rng):
    best = U[np.argsort(y)[:parents]]
    chosen = best[rng.integers(parents, size=len(U) - parents)]
    children = chosen + rng.normal(0, step, (len(chosen), 1))
    return np.vstack([best, np.clip(children, 0, 1)])
