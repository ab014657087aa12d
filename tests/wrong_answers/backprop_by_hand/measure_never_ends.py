"""
cell = "numerical_gradient"
loses = { test_numerical_gradient = 2 }
says = "a loop that never ends"
"""


def numerical_gradient(f, w, h=1e-5):
    w = np.array(w, dtype=float)
    gradient, i = np.zeros(w.shape), 0
    while i < w.size:
        e = np.zeros(w.shape)
        e.flat[i] = h
        gradient.flat[i] = (f(w + e) - f(w - e)) / (2 * h)
    return gradient
