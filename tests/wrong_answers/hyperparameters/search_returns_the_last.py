"""
cell = "search"
loses = { test_search = 2 }
says = "the point with the *lowest* loss"
"""


def search(f, n, budget, rng):
    U = rng.random((8, n))
    y = np.array([f(u) for u in U])
    while len(U) < budget:
        u = next_trial(U, np.minimum(y, np.median(y)), rng.random((100, n)), length=0.3)
        U, y = np.vstack([U, u]), np.append(y, f(u))
    return U[-1]
