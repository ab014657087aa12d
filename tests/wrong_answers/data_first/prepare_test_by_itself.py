"""
cell = "prepare"
loses = { test_prepare = 1 }
says = "a prepared test row depends on the other test rows"
"""


def prepare(X_train, X_test, log_columns):
    def alone(X):
        L = X.copy()
        L[:, log_columns] = np.log(np.maximum(X[:, log_columns], 1e-6))
        gap = np.isnan(L)
        there = np.array([np.median(c[~np.isnan(c)]) if not np.isnan(c).all() else 0.0 for c in L.T])
        F = np.where(gap, there, L)
        return np.column_stack([z_scores(F, F)[0], gap.any(axis=1)])

    return alone(X_train), alone(X_test)
