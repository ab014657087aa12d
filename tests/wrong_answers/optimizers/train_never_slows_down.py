"""
cell = "train"
loses = { test_train = 2 }
says = "let it fall towards the end"
"""


def train(slope, w):
    return adam(slope, w, np.full(300, 0.01))[-1]
