"""
cell = "significance"
loses = { test_significance = 1 }
says = "holds a NaN"
"""


def significance(s, b):
    return np.sqrt(2 * np.maximum((s + b) * np.log1p(s / b) - s, 0))
