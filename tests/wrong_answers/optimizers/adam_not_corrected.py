"""
cell = "adam"
loses = { test_adam = 3, test_train = 2 }
says = "neither m nor s is corrected"
"""


def adam(slope, w, rates, beta1=0.9, beta2=0.999, eps=1e-8):
    m, s, path = np.zeros_like(w), np.zeros_like(w), [w]
    for t, lr in enumerate(rates, start=1):
        g = slope(w)
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g**2
        w = w - lr * m / (np.sqrt(s) + eps)
        path.append(w)
    return np.array(path)
