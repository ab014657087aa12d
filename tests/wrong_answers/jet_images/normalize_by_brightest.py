"""
cell = "normalize"
loses = { test_normalize = 2 }
says = "the brightest pixel"
"""


def normalize(images):
    top = images.max(axis=(1, 2), keepdims=True)
    return images / np.where(top > 0, top, 1)
