"""
cell = "gradient"
loses = { test_gradient = 3, test_fit = 2 }
says = "sum"
"""


def gradient(w, b, X, y):
    y_hat = sigmoid(X @ w + b)
    delta = (y_hat - y) * y_hat * (1 - y_hat)
    return X.T @ delta, delta
