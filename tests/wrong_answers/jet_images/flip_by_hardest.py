"""
cell = "flip"
loses = { test_flip = 2 }
says = "the hardest constituent alone does not decide"
"""


def flip(pt, x, y):
    k = np.argmax(pt)
    return x * np.sign(x[k]), y * np.sign(y[k])
