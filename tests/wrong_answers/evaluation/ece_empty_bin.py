"""
cell = "calibration_error"
loses = { test_calibration_error = 1 }
says = "leave empty bins out"
"""


def calibration_error(y, p, bins=10):
    k = np.minimum((p * bins).astype(int), bins - 1)
    return sum(np.sum(k == j) * abs(y[k == j].mean() - p[k == j].mean()) for j in range(bins)) / len(y)
