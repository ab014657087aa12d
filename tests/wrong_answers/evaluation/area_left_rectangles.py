"""
cell = "area"
loses = { test_area = 1 }
says = "rectangles below the curve"
"""


def area(eff_s, eff_b):
    return np.sum(np.diff(eff_b) * eff_s[:-1])
