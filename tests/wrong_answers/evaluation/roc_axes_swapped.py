"""
cell = "roc"
loses = { test_roc = 2 }
says = "eff_s comes first"
"""


def roc(y, scores):
    cuts = np.append(np.inf, np.unique(scores)[::-1])
    kept = scores >= cuts[:, None]
    return kept[:, y == 0].mean(axis=1), kept[:, y == 1].mean(axis=1)
