"""
cell = "z_scores"
loses = { test_z_scores = 2, test_prepare = 1 }
says = "scaled by their own numbers"
"""


def z_scores(X_train, X_test):
    def scaled(X):
        return (X - X.mean(axis=0)) / np.where(X.max(axis=0) == X.min(axis=0), 1.0, X.std(axis=0))

    return scaled(X_train), scaled(X_test)
