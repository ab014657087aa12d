"""
cell = "batches"
loses = { test_batches = 2, test_train = 2 }
says = "use one order for both"
"""


def batches(X, Y, size, rng):
    X, Y = rng.permutation(X), rng.permutation(Y)
    for i in range(0, len(X), size):
        yield X[i : i + size], Y[i : i + size]
