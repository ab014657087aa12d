"""
cell = "nesterov"
loses = { test_nesterov = 2 }
says = "this is momentum"
"""


def nesterov(slope, w, rates, beta=0.9):
    v, path = np.zeros_like(w), [w]
    for lr in rates:
        v = beta * v + slope(w)
        w = w - lr * v
        path.append(w)
    return np.array(path)
