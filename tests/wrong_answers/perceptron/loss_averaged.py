"""
cell = "sigmoid"
loses = { test_loss = 1 }
says = "4 times too small"
"""


def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def loss(w, b, X, y):
    return 0.5 * np.mean((y - sigmoid(X @ w + b)) ** 2)
