"""
cell = "he_weights"
loses = { test_he_weights = 1 }
says = "all random numbers must come from rng"
"""


def he_weights(rng, sizes=(784, 16, 16, 10)):
    weights = {}
    for k in (1, 2, 3):
        weights[f"W{k}"] = np.random.randn(sizes[k - 1], sizes[k]) * np.sqrt(2 / sizes[k - 1])
        weights[f"b{k}"] = np.zeros(sizes[k])
    return weights
