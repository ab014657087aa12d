"""
cell = "batches"
loses = { test_batches = 2 }
says = "the last batch is missing"
"""


def batches(X, Y, size, rng):
    order = rng.permutation(len(X))
    for i in range(len(X) // size):
        rows = order[i * size : (i + 1) * size]
        yield X[rows], Y[rows]
