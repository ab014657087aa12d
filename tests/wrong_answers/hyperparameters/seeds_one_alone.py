"""
cell = "seeds_needed"
loses = { test_seeds_needed = 1 }
says = "at least 2"
"""


def seeds_needed(difference, s):
    return int(np.ceil(18 * (s / difference) ** 2))
