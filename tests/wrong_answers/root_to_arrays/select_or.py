"""
cell = "looks_like_w"
loses = { test_looks_like_w = 2 }
says = "use &, not |"
"""


def looks_like_w(msd, tau21, cut=0.4):
    return (msd > 65) & (msd < 105) | (tau21 < cut)
