"""
cell = "rejection"
loses = { test_rejection = 2 }
says = "the quantile counts from below"
"""


def rejection(y, scores, efficiency):
    threshold = np.quantile(scores[y == 1], efficiency)
    return np.sum(y == 0) / max(np.sum(scores[y == 0] >= threshold), 1)
