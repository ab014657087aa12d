"""
cell = "train"
loses = { test_train = 2 }
says = "expected (784, 16)"
"""


def train(X, y, rng):
    Y, w = one_hot(y, 10).astype(X.dtype), he_weights(rng, (784, 64, 32, 10))
    for _ in range(2):
        for X_batch, Y_batch in batches(X, Y, 50, rng):
            kept = forward(w, X_batch)
            gradients = backward(w, kept, cross_entropy(kept["Z3"], Y_batch)[1])
            w = {name: w[name] - 0.1 * gradients[name] for name in w}
    return w
