"""
cell = "axis_angle"
loses = { test_axis_angle = 2 }
says = "the ½ is missing"
"""


def axis_angle(pt, x, y):
    Ixx, Iyy, Ixy = pt @ (x * x), pt @ (y * y), pt @ (x * y)
    return np.arctan2(2 * Ixy, Ixx - Iyy)
