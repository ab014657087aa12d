"""
cell = "z_scores"
loses = { test_z_scores = 2, test_prepare = 1 }
says = "ddof=0"
"""


def z_scores(X_train, X_test):
    constant = X_train.max(axis=0) == X_train.min(axis=0)
    mu, sigma = X_train.mean(axis=0), np.where(constant, 1.0, X_train.std(axis=0, ddof=1))
    return (X_train - mu) / sigma, (X_test - mu) / sigma
