"""
cell = "roc"
loses = { test_roc = 2 }
says = "score ≥ threshold"
"""


def roc(y, scores):
    cuts = np.append(np.inf, np.unique(scores)[::-1])
    eff_s = np.array([np.mean(scores[y == 1] > t) for t in cuts])
    eff_b = np.array([np.mean(scores[y == 0] > t) for t in cuts])
    return eff_s, eff_b
