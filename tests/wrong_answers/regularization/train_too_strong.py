"""
cell = "train"
loses = { test_train = 2 }
says = "does not even know the jets"
"""


def train(X, y, rng):
    network = Network([27, 100, 100, 5], rng)
    adam, penalty = optimizers.Adam(0.002), penalties.L2(0.3)
    fit(network, X, y, rng=rng, optimizer=adam, penalty=penalty, epochs=60, batch=50)
    return network
