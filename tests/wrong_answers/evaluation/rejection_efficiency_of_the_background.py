"""
cell = "rejection"
loses = { test_rejection = 2 }
says = "this cut keeps half of the background"
"""


def rejection(y, scores, efficiency):
    background = np.sort(scores[y == 0])[::-1]
    cut = background[int(np.ceil(efficiency * len(background) - 1e-9)) - 1]
    n = np.sum(scores[y == 0] >= cut)
    eff_b = n / np.sum(y == 0)
    return 1 / eff_b, np.sqrt((1 - eff_b) / n) / eff_b
