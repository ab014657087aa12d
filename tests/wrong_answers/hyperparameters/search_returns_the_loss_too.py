"""
cell = "search"
loses = { test_search = 2 }
says = "expected 3 results"
"""


def search(f, n, budget, rng):
    U = rng.random((budget, n))
    y = [f(u) for u in U]
    return U[np.argmin(y)], min(y)
