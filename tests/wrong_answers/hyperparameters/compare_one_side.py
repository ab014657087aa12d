"""
cell = "compare"
loses = { test_compare = 1 }
says = "not its sign"
"""


def compare(a, b):
    difference = np.mean(a) - np.mean(b)
    error = np.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    return difference, error, difference > 3 * error
