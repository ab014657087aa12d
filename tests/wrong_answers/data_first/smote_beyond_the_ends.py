"""
cell = "smote"
loses = { test_smote = 2 }
says = "u must be between 0 and 1"
"""


def smote(X, y, minority, n_new, k, rng):
    M = X[y == minority]
    distance = np.linalg.norm(M[:, None] - M, axis=2)
    np.fill_diagonal(distance, np.inf)
    neighbors = np.argsort(distance, axis=1)[:, :k]
    i = rng.integers(len(M), size=n_new)
    j = neighbors[i, rng.integers(k, size=n_new)]
    return M[i] + rng.normal(size=(n_new, 1)) * (M[j] - M[i])
