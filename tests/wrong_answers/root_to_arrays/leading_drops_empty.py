"""
cell = "leading_share"
loses = { test_leading_share = 2 }
says = "you dropped it"
"""


def leading_share(pt):
    pt = pt[ak.num(pt) > 0]
    return ak.to_numpy(ak.max(pt, axis=1, mask_identity=False) / ak.sum(pt, axis=1))
