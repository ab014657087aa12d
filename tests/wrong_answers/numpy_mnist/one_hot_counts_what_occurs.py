"""
cell = "one_hot"
loses = { test_one_hot = 1 }
says = "of which the last does not occur"
"""


def one_hot(y, K):
    return np.eye(y.max() + 1)[y]
