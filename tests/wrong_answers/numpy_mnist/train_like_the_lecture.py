"""
cell = "train"
loses = { test_train = 2 }
says = "longer than the grader allows"
"""


def train(X, y, rng):
    Y, sizes = one_hot(y, 10), (784, 16, 16, 10)
    w = {f"W{k}": rng.random((sizes[k - 1], sizes[k])) - 0.5 for k in (1, 2, 3)}
    w |= {f"b{k}": rng.random(sizes[k]) - 0.5 for k in (1, 2, 3)}
    for _ in range(1500):
        kept = forward(w, X)
        delta = 2 * (np.maximum(kept["Z3"], 0) - Y) * (kept["Z3"] > 0) / Y.size
        gradients = backward(w, kept, delta)
        w = {name: w[name] - 0.1 * gradients[name] for name in w}
    return w
