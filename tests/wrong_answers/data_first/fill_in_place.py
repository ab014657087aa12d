"""
cell = "fill_missing"
loses = { test_fill_missing = 2 }
says = "X_train was changed by your function"
"""


def fill_missing(X_train, X_test):
    median = np.nanmedian(X_train, axis=0)
    filled = []
    for X in (X_train, X_test):
        gap = np.isnan(X)
        for j in range(X.shape[1]):
            X[gap[:, j], j] = median[j]
        filled.append(np.column_stack([X, gap.any(axis=1)]))
    return tuple(filled)
