"""
cell = "rmsprop"
loses = { test_rmsprop = 1 }
says = "is Adagrad's"
"""


def rmsprop(slope, w, rates, rho=0.9, eps=1e-8):
    s, path = np.zeros_like(w), [w]
    for lr in rates:
        g = slope(w)
        s = s + g**2
        w = w - lr * g / (np.sqrt(s) + eps)
        path.append(w)
    return np.array(path)
