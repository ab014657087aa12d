"""
cell = "gradient"
loses = { test_gradient = 3, test_fit = 2 }
says = "the sign is flipped"
"""


def gradient(w, b, X, y):
    y_hat = sigmoid(X @ w + b)
    delta = (y - y_hat) * y_hat * (1 - y_hat)
    return X.T @ delta, delta.sum()
