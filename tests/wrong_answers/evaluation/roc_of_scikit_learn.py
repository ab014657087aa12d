"""
cell = "roc"
loses = { test_roc = 2 }
says = "which are closed here"
"""

from sklearn.metrics import roc_curve


def roc(y, scores):
    eff_b, eff_s, _ = roc_curve(y, scores, drop_intermediate=False)
    return eff_s, eff_b
