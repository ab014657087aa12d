"""
cell = "roc"
loses = { test_roc = 2 }
says = "imports scikit-learn"
"""


def roc(y, scores):
    from sklearn.metrics import roc_curve

    eff_b, eff_s, _ = roc_curve(y, scores, drop_intermediate=False)
    return eff_s, eff_b
