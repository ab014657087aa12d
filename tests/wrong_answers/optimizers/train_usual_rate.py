"""
cell = "train"
loses = { test_train = 2 }
says = "scan the rates first"
"""


def train(slope, w):
    return adam(slope, w, np.full(300, 0.001))[-1]
