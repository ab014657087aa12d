"""
cell = "train"
loses = { test_train = 2 }
says = "little has been learned"
"""


def train(slope, w):
    return gradient_descent(slope, w, np.full(300, 0.0001))[-1]
