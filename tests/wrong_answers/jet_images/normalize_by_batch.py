"""
cell = "normalize"
loses = { test_normalize = 2 }
says = "the whole batch"
"""


def normalize(images):
    return images / max(images.sum(), 1e-300)
