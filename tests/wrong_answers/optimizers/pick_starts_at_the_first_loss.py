"""
cell = "pick_rate"
loses = { test_pick_rate = 2 }
says = "does m start at 0"
"""


def pick_rate(rates, losses, beta=0.9):
    m, smooth = losses[0], []
    for loss in losses:
        m = beta * m + (1 - beta) * loss
        smooth.append(m)
    return rates[np.nanargmin(smooth)] / 3
