"""
cell = "cross_entropy"
loses = { test_cross_entropy = 2, test_train = 2 }
says = "2 times too large, the number of examples"
"""


def cross_entropy(Z, Y):
    Z = Z - Z.max(axis=1, keepdims=True)
    log_P = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    return -np.sum(Y * log_P), np.exp(log_P) - Y
