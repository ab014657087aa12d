"""
cell = "train"
loses = { test_train = 2 }
says = "300 mini-batches are used up"
"""


def train(slope, w):
    return adam(slope, w, 0.03 * (1 - np.arange(1500) / 1500))[-1]
