"""
cell = "calibration_error"
loses = { test_calibration_error = 1 }
says = "however few jets it has"
"""


def calibration_error(y, p, bins=10):
    k = np.minimum((p * bins).astype(int), bins - 1)
    return np.mean([abs(y[k == j].mean() - p[k == j].mean()) for j in np.unique(k)])
