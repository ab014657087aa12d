"""
cell = "flip"
loses = { test_flip = 2 }
says = "the wrong way round"
"""


def flip(pt, x, y):
    x = -x if pt[x > 0].sum() > pt[x < 0].sum() else x
    y = -y if pt[y > 0].sum() > pt[y < 0].sum() else y
    return x, y
