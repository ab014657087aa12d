"""
cell = "rejection"
loses = { test_rejection = 2 }
says = "where 0 background jets are kept"
"""


def rejection(y, scores, efficiency):
    signal = np.sort(scores[y == 1])[::-1]
    cut = signal[int(np.ceil(efficiency * len(signal) - 1e-9)) - 1]
    n = max(1, np.sum(scores[y == 0] >= cut))
    eff_b = n / np.sum(y == 0)
    return 1 / eff_b, np.sqrt((1 - eff_b) / n) / eff_b
