"""
cell = "split"
loses = { test_split = 3 }
says = "two jets of one event are in different parts"
"""


def split(events, fractions):
    u = np.random.default_rng(42).uniform(size=len(events))
    return np.searchsorted(np.cumsum(fractions)[:-1], u, side="right")
