"""
cell = "min_max"
loses = { test_min_max = 1 }
says = "lands between −1 and 0"
"""


def min_max(X_train, X_test):
    low, high = X_train.min(axis=0), X_train.max(axis=0)
    width = np.where(high == low, 1.0, high - low)
    return (X_train - high) / width, (X_test - high) / width
