"""
cell = "calibration_error"
loses = { test_calibration_error = 1 }
says = "p = 1 has a bin of its own"
"""


def calibration_error(y, p, bins=10):
    k = (p * bins).astype(int)
    return sum(np.sum(k == j) * abs(y[k == j].mean() - p[k == j].mean()) for j in np.unique(k)) / len(y)
