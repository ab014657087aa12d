"""
cell = "fill_missing"
loses = { test_fill_missing = 2, test_prepare = 1 }
says = "the flag column is missing"
"""


def fill_missing(X_train, X_test):
    median = np.nanmedian(X_train, axis=0)
    return np.where(np.isnan(X_train), median, X_train), np.where(np.isnan(X_test), median, X_test)
