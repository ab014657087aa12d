"""
cell = "search"
loses = { test_search = 2 }
says = "let each trial learn from the earlier ones"
"""


def search(f, n, budget, rng):
    U = rng.random((8, n))
    y = np.array([f(u) for u in U])
    while len(U) < budget:
        candidates = rng.random((100, n))
        _, sigma = posterior(kernel(U, U, 0.3), kernel(U, candidates, 0.3), y, 0.01)
        u = candidates[np.argmax(sigma)]
        U, y = np.vstack([U, u]), np.append(y, f(u))
    return U[np.argmin(y)]
