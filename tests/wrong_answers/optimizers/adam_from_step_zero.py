"""
cell = "adam"
loses = { test_adam = 3, test_train = 2 }
says = "In the first step t is 1"
"""


def adam(slope, w, rates, beta1=0.9, beta2=0.999, eps=1e-8):
    m, s, path = np.zeros_like(w), np.zeros_like(w), [w]
    for t, lr in enumerate(rates):
        g = slope(w)
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g**2
        m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
        w = w - lr * m_hat / (np.sqrt(s_hat) + eps)
        path.append(w)
    return np.array(path)
