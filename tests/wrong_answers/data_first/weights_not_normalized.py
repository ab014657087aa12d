"""
cell = "class_weights"
loses = { test_class_weights = 1 }
says = "not normalized"
"""


def class_weights(y):
    _, k, counts = np.unique(y, return_inverse=True, return_counts=True)
    return 1 / counts[k]
