"""
cell = "choose_cut"
loses = { test_choose_cut = 2 }
says = "not counts of the sample"
"""


def choose_cut(chosen_on, judged_on, S, B, least):
    y, scores = chosen_on
    curve = ev.roc(y, scores)
    Z = ev.significance(curve.signal * np.sum(y == 1), curve.background * np.sum(y == 0))
    k = np.argmax(np.where(curve.background * np.sum(y == 0) > least - 0.5, Z, -1))
    cut, promised = curve.thresholds[k], Z[k]
    y, scores = judged_on
    eff_b, eff_s = (np.mean(scores[y == label] >= cut) for label in (0, 1))
    return cut, promised, float(ev.significance(S * eff_s, B * eff_b))
