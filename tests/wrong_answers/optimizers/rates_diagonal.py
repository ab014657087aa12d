"""
cell = "rates_for"
loses = { test_rates_for = 2 }
says = "steepest direction lies between"
"""


def rates_for(H):
    steep, flat = np.diag(H).max(), np.diag(H).min()
    return 2 / steep, 2 / (flat + steep), (steep - flat) / (steep + flat)
