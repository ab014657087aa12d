"""
cell = "axis_angle"
loses = { test_axis_angle = 2 }
says = "loses the quadrant"
"""


def axis_angle(pt, x, y):
    Ixx, Iyy, Ixy = pt @ (x * x), pt @ (y * y), pt @ (x * y)
    return 0.5 * np.arctan(2 * Ixy / (Ixx - Iyy))
