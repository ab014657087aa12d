"""
cell = "split"
loses = { test_split = 3 }
says = "in another kernel the split may be another one"
"""


def split(events, fractions):
    u = np.array([hash(f"event {event}") % 1_000_003 / 1_000_003 for event in events])
    return np.searchsorted(np.cumsum(fractions)[:-1], u, side="right")
