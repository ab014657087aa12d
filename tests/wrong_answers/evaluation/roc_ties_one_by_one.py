"""
cell = "roc"
loses = { test_roc = 2 }
says = "you take tied scores one by one"
"""


def roc(y, scores):
    order = np.argsort(-scores, kind="stable")
    y = y[order]
    eff_s, eff_b = np.cumsum(y) / np.sum(y), np.cumsum(1 - y) / np.sum(1 - y)
    return np.append(0, eff_s), np.append(0, eff_b)
