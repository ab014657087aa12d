"""
cell = "split"
loses = { test_split = 3 }
says = "event numbers have a pattern"
"""


def split(events, fractions):
    u = (events % 5) / 5
    return np.searchsorted(np.cumsum(fractions)[:-1] - 1e-9, u, side="right")
