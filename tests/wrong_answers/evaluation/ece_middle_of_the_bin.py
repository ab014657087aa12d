"""
cell = "calibration_error"
loses = { test_calibration_error = 1 }
says = "not with the middle of the bin"
"""


def calibration_error(y, p, bins=10):
    k = np.minimum((p * bins).astype(int), bins - 1)
    return sum(np.sum(k == j) * abs(y[k == j].mean() - (j + 0.5) / bins) for j in np.unique(k)) / len(y)
