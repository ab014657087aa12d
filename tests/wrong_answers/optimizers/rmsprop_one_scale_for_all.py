"""
cell = "rmsprop"
loses = { test_rmsprop = 1 }
says = "no sum over the weights"
"""


def rmsprop(slope, w, rates, rho=0.9, eps=1e-8):
    s, path = np.zeros_like(w), [w]
    for lr in rates:
        g = slope(w)
        s = rho * s + (1 - rho) * np.sum(g**2)
        w = w - lr * g / (np.sqrt(s) + eps)
        path.append(w)
    return np.array(path)
