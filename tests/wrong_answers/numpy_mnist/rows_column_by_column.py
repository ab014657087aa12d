"""
cell = "to_rows"
loses = { test_to_rows = 2 }
says = "line by line"
"""


def to_rows(images):
    return images.reshape(len(images), -1, order="F").astype(np.float32) / 255
