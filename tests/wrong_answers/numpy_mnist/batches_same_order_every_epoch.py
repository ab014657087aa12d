"""
cell = "batches"
loses = { test_batches = 2 }
says = "each epoch needs an order of its own"
"""


def batches(X, Y, size, rng):
    order = np.random.default_rng(0).permutation(len(X))
    for i in range(0, len(X), size):
        yield X[order[i : i + size]], Y[order[i : i + size]]
