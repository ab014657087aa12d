"""
cell = "pick_rate"
loses = { test_pick_rate = 2 }
says = "the running mean starts at zero"
"""


def pick_rate(rates, losses, beta=0.9):
    m, smooth = 0.0, []
    for t, loss in enumerate(losses, start=1):
        m = beta * m + (1 - beta) * loss
        smooth.append(m)
    return rates[np.nanargmin(smooth)] / 3
