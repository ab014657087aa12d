"""
cell = "z_scores"
loses = { test_z_scores = 2, test_prepare = 1 }
says = "something is learned from all rows, so the test rows leak"
"""


def z_scores(X_train, X_test):
    X = np.concatenate([X_train, X_test])
    sigma = np.where(X.max(axis=0) == X.min(axis=0), 1.0, X.std(axis=0))
    return (X_train - X.mean(axis=0)) / sigma, (X_test - X.mean(axis=0)) / sigma
