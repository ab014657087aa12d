"""
cell = "pick_rate"
loses = { test_pick_rate = 2 }
says = "expected"
"""


def pick_rate(rates, losses, beta=0.5):
    beta, m, smooth = 0.5, 0.0, []
    for t, loss in enumerate(losses, start=1):
        m = beta * m + (1 - beta) * loss
        smooth.append(m / (1 - beta**t))
    return rates[np.nanargmin(smooth)] / 3
