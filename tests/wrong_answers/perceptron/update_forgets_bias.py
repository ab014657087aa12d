"""
cell = "update"
loses = { test_update = 2, test_train = 3 }
says = "the bias was not corrected"
"""


def update(w, x, t, lr):
    y = float(w[0] + w[1:] @ x > 0)
    return np.concatenate([w[:1], w[1:] + lr * (t - y) * x])
