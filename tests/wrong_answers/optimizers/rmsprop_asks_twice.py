"""
cell = "rmsprop"
loses = { test_rmsprop = 1 }
says = "asked more than once per step"
"""


def rmsprop(slope, w, rates, rho=0.9, eps=1e-8):
    s, path = np.zeros_like(w), [w]
    for lr in rates:
        s = rho * s + (1 - rho) * slope(w) ** 2
        w = w - lr * slope(w) / (np.sqrt(s) + eps)
        path.append(w)
    return np.array(path)
