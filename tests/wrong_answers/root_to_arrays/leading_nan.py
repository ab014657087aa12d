"""
cell = "leading_share"
loses = { test_leading_share = 2 }
says = "division by 0"
"""


def leading_share(pt):
    with np.errstate(invalid="ignore"):
        return ak.to_numpy(ak.fill_none(ak.max(pt, axis=1), 0) / ak.sum(pt, axis=1))
