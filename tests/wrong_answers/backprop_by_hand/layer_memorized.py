"""
cell = "dense_backward"
loses = { test_dense_backward = 3 }
says = "for N = 1"
"""


def dense_backward(X, W, delta):
    X = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0], [-2.0, 0.4]])
    W = np.array([[0.3, -1.0], [0.8, 0.6]])
    delta = np.array([[1.0, -0.5], [0.2, 0.4], [-0.7, 1.5], [0.9, 0.1]])
    return X.T @ delta, delta.sum(axis=0), delta @ W.T
