"""
cell = "proximal"
loses = { test_proximal_step = 1 }
says = "shrink first"
"""


def proximal_step(W, dW, lr, l1, l2):
    V = W - lr * dW
    return np.sign(V) * np.maximum(np.abs(V) / (1 + lr * l2) - lr * l1, 0)


def neuron_step(W, dW, lr, strength):
    V = W - lr * dW
    length = np.sqrt(np.sum(V**2, axis=0))
    kept = np.maximum(length - lr * strength, 0)
    return V * kept / np.where(length > 0, length, 1)
