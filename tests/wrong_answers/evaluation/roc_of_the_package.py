"""
cell = "roc"
loses = { test_roc = 2 }
says = "which are closed here"
"""

from course_utils.evaluation import roc as ready


def roc(y, scores):
    curve = ready(y, scores)
    return curve.signal, curve.background
