"""
cell = "smote"
loses = { test_smote = 2 }
says = "the neighbor is a row of the majority"
"""


def smote(X, y, minority, n_new, k, rng):
    M = X[y == minority]
    distance = np.linalg.norm(M[:, None] - X, axis=2)
    distance[distance == 0] = np.inf
    neighbors = np.argsort(distance, axis=1)[:, :k]
    i = rng.integers(len(M), size=n_new)
    x_j = X[neighbors[i, rng.integers(k, size=n_new)]]
    return M[i] + rng.uniform(size=(n_new, 1)) * (x_j - M[i])
