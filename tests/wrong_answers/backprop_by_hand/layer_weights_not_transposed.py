"""
cell = "dense_backward"
loses = { test_dense_backward = 3 }
says = "on the way back the weights are transposed"
"""


def dense_backward(X, W, delta):
    return X.T @ delta, delta.sum(axis=0), delta @ W
