"""
cell = "batches"
loses = { test_batches = 2 }
says = "must stay as they were"
"""


def batches(X, Y, size, rng):
    order = rng.permutation(len(X))
    X[:], Y[:] = X[order], Y[order]
    for i in range(0, len(X), size):
        yield X[i : i + size], Y[i : i + size]
