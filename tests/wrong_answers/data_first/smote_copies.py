"""
cell = "smote"
loses = { test_smote = 2 }
says = "a row is its own nearest neighbor"
"""


def smote(X, y, minority, n_new, k, rng):
    M = X[y == minority]
    distance = np.linalg.norm(M[:, None] - M, axis=2)
    neighbors = np.argsort(distance, axis=1)[:, :k]
    i = rng.integers(len(M), size=n_new)
    x_j = M[neighbors[i, rng.integers(k, size=n_new)]]
    return M[i] + rng.uniform(size=(n_new, 1)) * (x_j - M[i])
