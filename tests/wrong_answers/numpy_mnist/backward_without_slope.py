"""
cell = "backward"
loses = { test_backward = 3, test_train = 2 }
says = "the slope of the ReLU is missing"
"""


def backward(weights, kept, delta):
    delta2 = delta @ weights["W3"].T
    delta1 = delta2 @ weights["W2"].T
    return {
        "W1": kept["X"].T @ delta1,
        "b1": delta1.sum(axis=0),
        "W2": kept["A1"].T @ delta2,
        "b2": delta2.sum(axis=0),
        "W3": kept["A2"].T @ delta,
        "b3": delta.sum(axis=0),
    }
