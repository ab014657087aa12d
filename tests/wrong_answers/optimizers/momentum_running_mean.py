"""
cell = "momentum"
loses = { test_momentum = 2 }
says = "v is a sum here"
"""


def momentum(slope, w, rates, beta=0.9):
    v, path = 0 * w, [w]
    for lr in rates:
        v = beta * v + (1 - beta) * slope(w)
        w = w - lr * v
        path.append(w)
    return np.array(path)
