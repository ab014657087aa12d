"""
cell = "log_scale"
loses = { test_log_scale = 1, test_prepare = 1 }
says = "leaves small numbers as they are"
"""


def log_scale(X_train, X_test):
    return np.log1p(X_train), np.log1p(X_test)
