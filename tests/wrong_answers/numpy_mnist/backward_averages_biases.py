"""
cell = "backward"
loses = { test_backward = 3 }
says = "6 times too small, the number of examples"
"""


def backward(weights, kept, delta):
    delta2 = (delta @ weights["W3"].T) * (kept["A2"] > 0)
    delta1 = (delta2 @ weights["W2"].T) * (kept["A1"] > 0)
    return {
        "W1": kept["X"].T @ delta1,
        "b1": delta1.mean(axis=0),
        "W2": kept["A1"].T @ delta2,
        "b2": delta2.mean(axis=0),
        "W3": kept["A2"].T @ delta,
        "b3": delta.mean(axis=0),
    }
