"""
cell = "seeds_needed"
loses = { test_seeds_needed = 1 }
says = "both means have an error"
"""


def seeds_needed(difference, s):
    return max(2, int(np.ceil(9 * (s / difference) ** 2)))
