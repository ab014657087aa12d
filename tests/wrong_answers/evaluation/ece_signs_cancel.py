"""
cell = "calibration_error"
loses = { test_calibration_error = 1 }
says = "differences of either sign cancel"
"""


def calibration_error(y, p, bins=10):
    k = np.minimum((p * bins).astype(int), bins - 1)
    return abs(sum(np.sum(k == j) * (y[k == j].mean() - p[k == j].mean()) for j in np.unique(k)) / len(y))
