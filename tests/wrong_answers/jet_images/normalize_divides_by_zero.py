"""
cell = "normalize"
loses = { test_normalize = 2 }
says = "divided by zero"
"""


def normalize(images):
    return images / images.sum(axis=(1, 2), keepdims=True)
