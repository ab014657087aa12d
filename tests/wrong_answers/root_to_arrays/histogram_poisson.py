"""
cell = "weighted_histogram"
loses = { test_weighted_histogram = 2 }
says = "holds for weights of 1 only"
"""


def weighted_histogram(x, weights, edges):
    height, _ = np.histogram(x, edges, weights=weights)
    return height, np.sqrt(np.abs(height))
