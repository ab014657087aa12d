"""
cell = "looks_like_w"
loses = { test_looks_like_w = 2 }
says = "with the cut 0.25"
"""


def looks_like_w(msd, tau21, cut=0.4):
    return (msd > 65) & (msd < 105) & (tau21 < 0.4)
