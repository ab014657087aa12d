"""
cell = "kernel"
loses = { test_kernel = 1, test_next_trial = 2 }
says = "not by (2 ℓ)²"
"""


def kernel(U, V, length):
    steps = (U[:, None] - V[None]) / (2 * length)
    return np.exp(-np.sum(steps**2, axis=-1))
