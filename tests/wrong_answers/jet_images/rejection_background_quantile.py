"""
cell = "rejection"
loses = { test_rejection = 2 }
says = "not of the background's"
"""


def rejection(y, scores, efficiency):
    threshold = np.quantile(scores[y == 0], 1 - efficiency)
    return 1 / np.mean(scores[y == 0] >= threshold)
