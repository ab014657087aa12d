"""
cell = "class_weights"
loses = { test_class_weights = 1 }
says = "the wrong way round"
"""


def class_weights(y):
    _, k, counts = np.unique(y, return_inverse=True, return_counts=True)
    return counts[k] / counts[k].mean()
