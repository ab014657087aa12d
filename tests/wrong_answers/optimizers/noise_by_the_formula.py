"""
cell = "noise"
loses = { test_noise = 2 }
says = "draw the mini-batches with rng"
"""


def noise(slopes, B, draws, rng):
    return np.sqrt(np.sum(slopes.var(axis=0)) / B)
