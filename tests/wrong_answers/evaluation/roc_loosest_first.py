"""
cell = "roc"
loses = { test_roc = 2 }
says = "the tightest cut is the first"
"""


def roc(y, scores):
    cuts = np.append(np.unique(scores), np.inf)
    eff_s = np.array([np.mean(scores[y == 1] >= t) for t in cuts])
    eff_b = np.array([np.mean(scores[y == 0] >= t) for t in cuts])
    return eff_s, eff_b
