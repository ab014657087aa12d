"""
cell = "proximal"
loses = { test_neuron_step = 1 }
says = "this is L1, weight by weight"
"""


def proximal_step(W, dW, lr, l1, l2):
    V = W - lr * dW
    return np.sign(V) * np.maximum(np.abs(V) - lr * l1, 0) / (1 + lr * l2)


def neuron_step(W, dW, lr, strength):
    V = W - lr * dW
    length = np.abs(V)
    kept = np.maximum(length - lr * strength, 0)
    return V * kept / np.where(length > 0, length, 1)
