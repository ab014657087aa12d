"""
cell = "area"
loses = { test_area = 1 }
says = "eff_s is the height"
"""


def area(eff_s, eff_b):
    return np.sum(np.diff(eff_s) * (eff_b[1:] + eff_b[:-1])) / 2
