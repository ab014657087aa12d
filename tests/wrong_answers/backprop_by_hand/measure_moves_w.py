"""
cell = "numerical_gradient"
loses = { test_numerical_gradient = 2 }
says = "exactly what it was before"
"""


def numerical_gradient(f, w, h=1e-5):
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        w[i] += h
        up = f(w)
        w[i] -= 2 * h
        down = f(w)
        w[i] += h
        gradient[i] = (up - down) / (2 * h)
    return gradient
