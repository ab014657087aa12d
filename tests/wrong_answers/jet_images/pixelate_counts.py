"""
cell = "pixelate"
loses = { test_pixelate = 3 }
says = "you count constituents"
"""


def pixelate(pt, x, y, size, width):
    frame = [[-width / 2, width / 2]] * 2
    return np.histogram2d(y, x, bins=size, range=frame)[0]
