"""
cell = "gradients"
loses = { test_gradients = 3 }
says = "is it measured"
"""


def gradients(p, X, Y):
    def loss(q):
        Y_hat = np.tanh(X @ q["W1"] + q["b1"]) @ q["W2"] + q["b2"]
        return np.sum((Y_hat - Y) ** 2) / 2 / len(X)

    found = {}
    for key, w in p.items():
        found[key] = np.zeros(w.shape)
        for i in np.ndindex(w.shape):
            e = np.zeros(w.shape)
            e[i] = 1e-5
            found[key][i] = (loss(p | {key: w + e}) - loss(p | {key: w - e})) / 2e-5
    return found
