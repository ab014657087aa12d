"""
cell = "sigmoid"
loses = { test_sigmoid = 1 }
says = "overflows for a large negative z"
"""


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss(w, b, X, y):
    return 0.5 * np.sum((y - sigmoid(X @ w + b)) ** 2)
