"""
cell = "weighted_histogram"
loses = { test_weighted_histogram = 2 }
says = "these are numbers of jets"
"""


def weighted_histogram(x, weights, edges):
    height, _ = np.histogram(x, edges)
    return height, np.sqrt(height)
