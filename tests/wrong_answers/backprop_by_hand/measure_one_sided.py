"""
cell = "numerical_gradient"
loses = { test_numerical_gradient = 2 }
says = "that is a one-sided difference"
"""


def numerical_gradient(f, w, h=1e-5):
    w = np.array(w, dtype=float)
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        moved = w.copy()
        moved[i] += h
        gradient[i] = (f(moved) - f(w)) / h
    return gradient
