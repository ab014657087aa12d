"""
cell = "penalty"
loses = { test_penalty = 2 }
says = "the biases are free: count the weights only"
"""


def penalty(params, l1, l2):
    value, slopes = 0.0, {}
    for name, w in params.items():
        value += l1 * np.sum(np.abs(w)) + l2 / 2 * np.sum(w**2)
        slopes[name] = l1 * np.sign(w) + l2 * w
    return value, slopes
