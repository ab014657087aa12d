"""
cell = "significance"
loses = { test_significance = 1 }
says = "which are closed here"
"""


def significance(s, b):
    return ev.significance(s, b)
