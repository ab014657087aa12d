"""
cell = "significance"
loses = { test_significance = 1 }
says = "log1p keeps its digits"
"""


def significance(s, b):
    return np.where(s == 0, 0, np.sqrt(2 * np.maximum((s + b) * np.log(1 + s / b) - s, 0)))
