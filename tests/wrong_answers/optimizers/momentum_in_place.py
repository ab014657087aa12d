"""
cell = "momentum"
loses = { test_momentum = 2 }
says = "all rows are the last one"
"""


def momentum(slope, w, rates, beta=0.9):
    v, path = np.zeros(len(w)), [w]
    for lr in rates:
        v = beta * v + slope(w)
        w -= lr * v
        path.append(w)
    return np.array(path)
