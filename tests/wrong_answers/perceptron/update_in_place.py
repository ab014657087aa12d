"""
cell = "update"
loses = { test_update = 2 }
says = "must stay as it was"
"""


def update(w, x, t, lr):
    x_1 = np.concatenate([[1.0], x])
    w += lr * (t - float(w @ x_1 > 0)) * x_1
    return w
