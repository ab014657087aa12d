"""
cell = "rejection"
loses = { test_rejection = 2 }
says = "that is less than 40 %"
"""


def rejection(y, scores, efficiency):
    signal = np.sort(scores[y == 1])[::-1]
    cut = signal[int(efficiency * len(signal)) - 1]
    n = np.sum(scores[y == 0] >= cut)
    eff_b = n / np.sum(y == 0)
    return 1 / eff_b, np.sqrt((1 - eff_b) / n) / eff_b
