"""
cell = "significance"
loses = { test_significance = 1 }
says = "ln is the natural logarithm"
"""


def significance(s, b):
    return np.sqrt(2 * ((s + b) * np.log10(1 + s / b) - s))
