"""
cell = "pick_rate"
loses = { test_pick_rate = 2 }
says = "one lucky mini-batch"
"""


def pick_rate(rates, losses, beta=0.9):
    return rates[np.nanargmin(losses)] / 3
