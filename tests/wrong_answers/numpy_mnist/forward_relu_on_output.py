"""
cell = "forward"
loses = { test_forward = 2 }
says = "no ReLU on the output"
"""


def forward(weights, X):
    A1 = np.maximum(X @ weights["W1"] + weights["b1"], 0)
    A2 = np.maximum(A1 @ weights["W2"] + weights["b2"], 0)
    Z3 = np.maximum(A2 @ weights["W3"] + weights["b3"], 0)
    return {"X": X, "A1": A1, "A2": A2, "Z3": Z3}
