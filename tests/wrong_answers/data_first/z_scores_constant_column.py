"""
cell = "z_scores"
loses = { test_z_scores = 2, test_prepare = 1 }
says = "the standard deviation of a constant column is 0"
"""


def z_scores(X_train, X_test):
    with np.errstate(all="ignore"):
        mu, sigma = X_train.mean(axis=0), X_train.std(axis=0)
        return (X_train - mu) / sigma, (X_test - mu) / sigma
