"""
cell = "normalize"
loses = { test_normalize = 2 }
says = "is a constant added to the sum"
"""


def normalize(images):
    return images / (images.sum(axis=(1, 2), keepdims=True) + 1e-9)
