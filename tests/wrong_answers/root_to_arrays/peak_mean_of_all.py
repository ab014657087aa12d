"""
cell = "peak_position"
loses = { test_peak_position = 2 }
says = "only what is near its highest bin"
"""


def peak_position(m):
    return np.mean(m)
