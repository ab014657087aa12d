"""
cell = "choose_cut"
loses = { test_choose_cut = 2 }
says = "is chosen anew"
"""


def choose_cut(chosen_on, judged_on, S, B, least):
    y, scores = chosen_on
    curve = ev.roc(y, scores)
    Z = ev.significance(S * curve.signal, B * curve.background)
    k = np.argmax(np.where(curve.background * np.sum(y == 0) > least - 0.5, Z, -1))
    cut, promised = curve.thresholds[k], Z[k]
    y, scores = judged_on
    curve = ev.roc(y, scores)
    Z = ev.significance(S * curve.signal, B * curve.background)
    return cut, promised, np.where(curve.background * np.sum(y == 0) > least - 0.5, Z, -1).max()
