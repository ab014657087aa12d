"""
cell = "he_weights"
loses = { test_he_weights = 1 }
says = "the standard deviation is its root"
"""


def he_weights(rng, sizes=(784, 16, 16, 10)):
    weights = {}
    for k in (1, 2, 3):
        weights[f"W{k}"] = rng.normal(0, 2 / sizes[k - 1], (sizes[k - 1], sizes[k]))
        weights[f"b{k}"] = np.zeros(sizes[k])
    return weights
