"""
cell = "usable"
loses = { test_usable = 2 }
says = "NaN must be found in every column"
"""


def usable(X, names):
    pt, phi, mass, msd = (X[:, list(names).index(name)] for name in ("pt", "phi", "mass", "msd"))
    good = np.isfinite(pt) & np.isfinite(phi) & np.isfinite(mass) & np.isfinite(msd)
    if "eta" in names:
        good &= np.isfinite(X[:, list(names).index("eta")])
    return good & (pt > 0) & (np.abs(phi) <= np.pi) & (mass >= 0) & (msd >= 0) & (msd <= mass)
