"""
cell = "nesterov"
loses = { test_nesterov = 2 }
says = "as PyTorch keeps it"
"""


def nesterov(slope, w, rates, beta=0.9):
    v, path = np.zeros_like(w), [w]
    for lr in rates:
        g = slope(w)
        v = beta * v + g
        w = w - lr * (g + beta * v)
        path.append(w)
    return np.array(path)
