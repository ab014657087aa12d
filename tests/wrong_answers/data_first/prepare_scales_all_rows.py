"""
cell = "prepare"
loses = { test_prepare = 1 }
says = "the prepared training rows change when the test rows change"
"""


def prepare(X_train, X_test, log_columns):
    N = len(X_train)
    X = np.concatenate([X_train, X_test])
    X[:, log_columns] = log_scale(X[:, log_columns], X[:, log_columns])[0]
    F = fill_missing(X, X)[0]
    P = np.column_stack([z_scores(F[:, :-1], F[:, :-1])[0], F[:, -1]])
    return P[:N], P[N:]
