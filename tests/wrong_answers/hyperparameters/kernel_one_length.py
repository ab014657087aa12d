"""
cell = "kernel"
loses = { test_kernel = 1 }
says = "each axis has its own length"
"""


def kernel(U, V, length):
    squares = np.sum((U[:, None] - V[None]) ** 2, axis=-1)
    return np.exp(-0.5 * squares / np.mean(length) ** 2)
