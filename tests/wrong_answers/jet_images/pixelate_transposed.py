"""
cell = "pixelate"
loses = { test_pixelate = 3 }
says = "rows and columns are swapped"
"""


def pixelate(pt, x, y, size, width):
    frame = [[-width / 2, width / 2]] * 2
    return np.histogram2d(x, y, bins=size, range=frame, weights=pt)[0]
