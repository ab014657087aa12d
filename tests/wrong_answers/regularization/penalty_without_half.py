"""
cell = "penalty"
loses = { test_penalty = 2 }
says = "with a half"
"""


def penalty(params, l1, l2):
    value, slopes = 0.0, {}
    for name, w in params.items():
        if name.startswith("W"):
            value += l1 * np.sum(np.abs(w)) + l2 * np.sum(w**2)
            slopes[name] = l1 * np.sign(w) + l2 * w
        else:
            slopes[name] = np.zeros_like(w)
    return value, slopes
