"""
cell = "gradients"
loses = { test_gradients = 3 }
says = "4 times too large, the number of examples"
"""


def gradients(p, X, Y):
    A1 = np.tanh(X @ p["W1"] + p["b1"])
    Y_hat = A1 @ p["W2"] + p["b2"]
    delta2 = Y_hat - Y
    delta1 = (delta2 @ p["W2"].T) * (1 - A1**2)
    return {
        "W1": X.T @ delta1,
        "b1": delta1.sum(axis=0),
        "W2": A1.T @ delta2,
        "b2": delta2.sum(axis=0),
    }
