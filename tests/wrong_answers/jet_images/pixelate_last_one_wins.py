"""
cell = "pixelate"
loses = { test_pixelate = 3 }
says = "expected image"
"""


def pixelate(pt, x, y, size, width):
    image = np.zeros((size, size))
    row = np.floor((y / width + 0.5) * size).astype(int)
    column = np.floor((x / width + 0.5) * size).astype(int)
    inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
    image[row[inside], column[inside]] += pt[inside]
    return image
