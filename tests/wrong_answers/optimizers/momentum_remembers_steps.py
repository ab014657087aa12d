"""
cell = "momentum"
loses = { test_momentum = 2 }
says = "so the old rate lives on"
"""


def momentum(slope, w, rates, beta=0.9):
    v, path = 0 * w, [w]
    for lr in rates:
        v = beta * v - lr * slope(w)
        w = w + v
        path.append(w)
    return np.array(path)
