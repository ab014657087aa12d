"""
cell = "compare"
loses = { test_compare = 1 }
says = "the error of a mean is smaller"
"""


def compare(a, b):
    difference = np.mean(a) - np.mean(b)
    error = np.hypot(np.std(a, ddof=1), np.std(b, ddof=1))
    return difference, error, abs(difference) > 3 * error
