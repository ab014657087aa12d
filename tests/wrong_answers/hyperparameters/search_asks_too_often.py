"""
cell = "search"
loses = { test_search = 2 }
says = "call f once for each trial"
"""


def search(f, n, budget, rng):
    U = rng.random((8, n))
    while len(U) < budget:
        y = np.array([f(u) for u in U])
        U = np.vstack([U, next_trial(U, y, rng.random((100, n)), length=0.3)])
    return U[np.argmin([f(u) for u in U])]
