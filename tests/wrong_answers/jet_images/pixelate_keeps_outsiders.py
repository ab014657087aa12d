"""
cell = "pixelate"
loses = { test_pixelate = 3 }
says = "must be dropped"
"""


def pixelate(pt, x, y, size, width):
    image = np.zeros((size, size))
    row = np.clip(((y / width + 0.5) * size).astype(int), 0, size - 1)
    column = np.clip(((x / width + 0.5) * size).astype(int), 0, size - 1)
    np.add.at(image, (row, column), pt)
    return image
