"""
cell = "rejection"
loses = { test_rejection = 2 }
says = "the rejection is one over it"
"""


def rejection(y, scores, efficiency):
    threshold = np.quantile(scores[y == 1], 1 - efficiency)
    return np.mean(scores[y == 0] >= threshold)
