"""
cell = "split"
loses = { test_split = 3 }
says = "its part must depend on its own number alone"
"""


def split(events, fractions):
    numbers, place = np.unique(events, return_inverse=True)
    u = np.random.default_rng(42).uniform(size=len(numbers))
    return np.searchsorted(np.cumsum(fractions)[:-1], u[place], side="right")
