"""
cell = "gradient"
loses = { test_gradient = 3, test_fit = 2 }
says = "4 times too small, the number of examples"
"""


def gradient(w, b, X, y):
    y_hat = sigmoid(X @ w + b)
    delta = (y_hat - y) * y_hat * (1 - y_hat) / len(y)
    return X.T @ delta, delta.sum()
