"""
cell = "search"
loses = { test_search = 2 }
says = "let each trial learn from the earlier ones"
"""


def search(f, n, budget, rng):
    U = rng.random((budget, n))
    return U[np.argmin([f(u) for u in U])]
