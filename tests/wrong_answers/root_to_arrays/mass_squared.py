"""
cell = "jet_mass"
loses = { test_jet_mass = 2 }
says = "square of the mass"
"""


def jet_mass(pt, eta, phi):
    px, py = ak.sum(pt * np.cos(phi), axis=1), ak.sum(pt * np.sin(phi), axis=1)
    pz, E = ak.sum(pt * np.sinh(eta), axis=1), ak.sum(pt * np.cosh(eta), axis=1)
    return np.maximum(ak.to_numpy(E**2 - px**2 - py**2 - pz**2), 0)
