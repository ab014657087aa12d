"""
cell = "median_regret"
loses = { test_median_regret = 1 }
says = "not the loss of trial t alone"
"""


def median_regret(losses, lowest):
    return np.median(losses - lowest, axis=0)
