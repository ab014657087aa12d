"""
cell = "gradient"
loses = { test_gradient = 3 }
says = "the slope of the sigmoid is missing"
"""


def gradient(w, b, X, y):
    delta = sigmoid(X @ w + b) - y
    return X.T @ delta, delta.sum()
