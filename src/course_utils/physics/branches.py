"""What is in a file of jets: the one table that writes the file, the documentation and the tests."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CLASSES = ("q", "g", "W", "Z", "t", "H")
TREE = "jets"
STORED_CONSTITUENTS = 50
SPLITS = ("train", "validation", "test")


class Branch(NamedTuple):
    """One branch of the tree: a number per jet (`shape` "") or one per stored constituent ("[≤ 50]")."""

    name: str
    dtype: str
    shape: str
    unit: str
    meaning: str


def _feature(name: str, unit: str, meaning: str) -> Branch:
    return Branch(name, "float32", "", unit, meaning)


def _constituent(name: str, dtype: str, unit: str, meaning: str) -> Branch:
    return Branch(f"constituent_{name}", dtype, f"[≤ {STORED_CONSTITUENTS}]", unit, meaning)


FEATURE_BRANCHES = (
    _feature("pt", "GeV", "transverse momentum of the jet"),
    _feature("eta", "", "pseudorapidity of the jet"),
    _feature("phi", "rad", "azimuth of the jet, −π to π"),
    _feature("mass", "GeV", "invariant mass of all constituents"),
    _feature("msd", "GeV", "soft-drop mass (z_cut = 0.1, β = 0)"),
    _feature("tau1", "", "1-subjettiness: β = 1, R0 = 0.8, one-pass winner-take-all k_t axes"),
    _feature("tau2", "", "2-subjettiness, like tau1"),
    _feature("tau3", "", "3-subjettiness, like tau1"),
    _feature("tau4", "", "4-subjettiness, like tau1"),
    _feature("tau21", "", "tau2 / tau1: small for two prongs"),
    _feature("tau32", "", "tau3 / tau2: small for three prongs"),
    _feature("c1_b0", "", "energy correlation C1 of the groomed jet, β = 0"),
    _feature("c1_b1", "", "energy correlation C1 of the groomed jet, β = 1"),
    _feature("c1_b2", "", "energy correlation C1 of the groomed jet, β = 2"),
    _feature("c2_b1", "", "energy correlation C2 of the groomed jet, β = 1"),
    _feature("d2_b1", "", "energy correlation D2 of the groomed jet, β = 1"),
    _feature("d2_b2", "", "energy correlation D2 of the groomed jet, β = 2"),
    _feature("n2_b1", "", "energy correlation N2 of the groomed jet, β = 1"),
    _feature("m2_b1", "", "energy correlation M2 of the groomed jet, β = 1"),
    _feature("width", "", "Σ z (ΔR / 0.8), with z = pt / Σ pt and ΔR² = Δη² + Δφ² from the jet axis"),
    _feature("lha", "", "Les Houches angularity, Σ z (ΔR / 0.8)^½"),
    _feature("ptd", "", "momentum dispersion, (Σ z²)^½"),
    _feature("charge", "e", "jet charge, Σ q z^½"),
    _feature("zlogz", "", "Σ z ln z"),
    _feature("n", "", "number of constituents"),
    _feature("n_charged", "", "number of charged constituents"),
    _feature("n_groomed", "", "number of constituents that soft drop keeps"),
)
"""What a classifier may look at, computed from all constituents. Where it would be 0/0 (a jet groomed down to one or
two particles has no three-point correlation), it is 0."""

CONSTITUENT_BRANCHES = (
    _constituent("pt", "float32", "GeV", "transverse momentum, in falling order"),
    _constituent("deta", "float32", "", "η of the constituent − η of the jet"),
    _constituent("dphi", "float32", "rad", "φ of the constituent − φ of the jet, −π to π"),
    _constituent("charge", "int8", "e", "electric charge"),
    _constituent("kind", "uint8", "", "0 photon, 1 charged hadron, 2 neutral hadron, 3 electron, 4 muon"),
)

BRANCHES = (
    Branch("label", "uint8", "", "", f"class: {', '.join(f'{i} {name}' for i, name in enumerate(CLASSES))}"),
    Branch("event", "int64", "", "", "number of the collision, unique over classes and shards of one seed"),
    Branch("jet_rank", "uint8", "", "", "place of the jet among those of its event, by pt: 0 is the hardest"),
    Branch("truth_id", "int8", "", "", "PDG number of the particle the jet is matched to, such as 24 for W⁺"),
    Branch("weight", "float32", "", "", "weight of the event, which undoes the flattening of the pt spectrum"),
    *FEATURE_BRANCHES,
    *CONSTITUENT_BRANCHES,
)

FEATURES = tuple(branch.name for branch in FEATURE_BRANCHES)


def split_of(event: NDArray[np.int64]) -> NDArray[np.int64]:
    """The part of a sample that an event belongs to: 0 train (3 of 5 events), 1 validation, 2 test.

    It depends on the number of the event alone, so that the two jets of an event are never in two parts.

    >>> split_of(np.arange(10)).tolist()
    [0, 0, 0, 1, 2, 0, 0, 0, 1, 2]
    """
    return np.maximum(np.asarray(event) % 5 - 2, 0)


def branch_table() -> str:
    """The table of branches in Markdown, as the documentation shows it.

    >>> print(branch_table().splitlines()[0])
    | branch | type | unit | meaning |
    """
    rows = [f"| `{b.name}` | {' '.join(filter(None, [b.dtype, b.shape]))} | {b.unit} | {b.meaning} |" for b in BRANCHES]
    return "\n".join(["| branch | type | unit | meaning |", "| --- | --- | --- | --- |", *rows])
