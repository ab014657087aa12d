"""
cell = "fill_missing"
loses = { test_fill_missing = 2, test_prepare = 1 }
says = "a NaN is left"
"""


def fill_missing(X_train, X_test):
    median = np.nanmedian(X_train, axis=0)
    return tuple(
        np.column_stack([np.where(X == np.nan, median, X), np.isnan(X).any(axis=1)]) for X in (X_train, X_test)
    )
