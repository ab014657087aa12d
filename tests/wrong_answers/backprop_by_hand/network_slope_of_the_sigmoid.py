"""
cell = "gradients"
loses = { test_gradients = 3 }
says = "that is the slope of a sigmoid"
"""


def gradients(p, X, Y):
    A1 = np.tanh(X @ p["W1"] + p["b1"])
    Y_hat = A1 @ p["W2"] + p["b2"]
    delta2 = (Y_hat - Y) / len(X)
    delta1 = (delta2 @ p["W2"].T) * A1 * (1 - A1)
    return {
        "W1": X.T @ delta1,
        "b1": delta1.sum(axis=0),
        "W2": A1.T @ delta2,
        "b2": delta2.sum(axis=0),
    }
