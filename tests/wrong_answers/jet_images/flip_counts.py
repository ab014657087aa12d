"""
cell = "flip"
loses = { test_flip = 2 }
says = "or counts constituents"
"""


def flip(pt, x, y):
    x = -x if np.sum(x > 0) < np.sum(x < 0) else x
    y = -y if np.sum(y > 0) < np.sum(y < 0) else y
    return x, y
