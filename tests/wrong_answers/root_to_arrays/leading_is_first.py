"""
cell = "leading_share"
loses = { test_leading_share = 2 }
says = "the lists are not sorted"
"""


def leading_share(pt):
    first = ak.fill_none(ak.firsts(pt), 0)
    total = ak.sum(pt, axis=1)
    return ak.to_numpy(first / ak.where(total > 0, total, 1))
