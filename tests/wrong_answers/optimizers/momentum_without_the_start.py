"""
cell = "momentum"
loses = { test_momentum = 2 }
says = "the start is missing"
"""


def momentum(slope, w, rates, beta=0.9):
    v, path = np.zeros(len(w)), []
    for lr in rates:
        v = beta * v + slope(w)
        w = w - lr * v
        path.append(w)
    return np.array(path)
