"""
cell = "train"
loses = { test_train = 2 }
says = "learn from the X and y that it is given"
"""


def train(X, y, rng):
    network = Network([27, 100, 100, 5], rng)
    adam, penalty = optimizers.Adam(0.002), penalties.L2(0.04)
    looks = {"validation": (X_new, y_new), "patience": 10}
    fit(network, X, y, rng=rng, optimizer=adam, penalty=penalty, epochs=60, batch=50, **looks)
    return network
