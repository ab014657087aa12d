"""
cell = "significance"
loses = { test_significance = 1 }
says = "this is s/√b"
"""


def significance(s, b):
    return np.where(s == 0, 0, s / np.sqrt(b))
