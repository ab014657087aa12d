"""
cell = "axis_angle"
loses = { test_axis_angle = 2 }
says = "must count with its pT"
"""


def axis_angle(pt, x, y):
    Ixx, Iyy, Ixy = x @ x, y @ y, x @ y
    return 0.5 * np.arctan2(2 * Ixy, Ixx - Iyy)
