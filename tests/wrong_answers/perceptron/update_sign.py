"""
cell = "update"
loses = { test_update = 2, test_train = 3 }
says = "target minus output"
"""


def update(w, x, t, lr):
    x_1 = np.concatenate([[1.0], x])
    y = float(w @ x_1 > 0)
    return w + lr * (y - t) * x_1
