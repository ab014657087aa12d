"""
cell = "to_rows"
loses = { test_to_rows = 2, test_train = 2 }
says = "divide by 255"
"""


def to_rows(images):
    return images.reshape(len(images), -1).astype(np.float32)
