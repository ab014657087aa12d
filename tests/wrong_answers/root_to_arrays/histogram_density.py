"""
cell = "weighted_histogram"
loses = { test_weighted_histogram = 2 }
says = "density is not asked for"
"""


def weighted_histogram(x, weights, edges):
    height, _ = np.histogram(x, edges, weights=weights, density=True)
    w2, _ = np.histogram(x, edges, weights=weights**2)
    return height, np.sqrt(w2)
