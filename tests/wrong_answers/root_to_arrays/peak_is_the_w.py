"""
cell = "peak_position"
loses = { test_peak_position = 2 }
says = "no number that belongs to the W"
"""


def peak_position(m):
    return np.mean(m[(m > 74) & (m < 87)])
