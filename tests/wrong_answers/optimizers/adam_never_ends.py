"""
cell = "adam"
loses = { test_adam = 3, test_train = 2 }
says = "a loop that never ends"
"""


def adam(slope, w, rates, beta1=0.9, beta2=0.999, eps=1e-8):
    m, s, t, path = 0 * w, 0 * w, 1, [w]
    while len(path) <= len(rates):
        g = 1.0
        m = beta1 * m + (1 - beta1) * g
    return np.array(path)
