"""
cell = "dense_backward"
loses = { test_dense_backward = 3 }
says = "do you average over the batch once too often"
"""


def dense_backward(X, W, delta):
    N = len(X)
    return X.T @ delta / N, delta.sum(axis=0) / N, delta @ W.T
