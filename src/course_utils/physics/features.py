"""The substructure of jets: from their constituents to the features of `branches.FEATURE_BRANCHES`."""

import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from course_utils.physics.branches import FEATURES
from course_utils.physics.extras import require

if TYPE_CHECKING:
    import awkward

ak, fastjet = require("awkward", "fastjet", extra="jets")


def _print_banner_unseen() -> None:
    """FastJet prints its banner once per process, from C++, which would land in notebooks and in pipes."""
    from fastjet._swig import ClusterSequence

    terminal, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    ClusterSequence.print_banner()
    os.dup2(terminal, 1)
    os.close(terminal)
    os.close(nowhere)


_print_banner_unseen()

Array = NDArray[np.float64]

R0 = 0.8
Z_CUT = 0.1
TAU_AXES = "OnePass_WTA_KT_Axes"
CORRELATIONS = {
    "c1_b0": ("c1", 0),
    "c1_b1": ("c1", 1),
    "c1_b2": ("c1", 2),
    "c2_b1": ("c2", 1),
    "d2_b1": ("d2", 1),
    "d2_b2": ("d2", 2),
    "n2_b1": ("n2", 1),
    "m2_b1": ("m2", 1),
}


def jet_features(constituents: "awkward.Array") -> dict[str, Array]:
    """The features of N jets, each an array (N,), from their constituents.

    `constituents` has one list per jet, of records with `px`, `py`, `pz`, `E` (GeV) and `charge` (e). A jet without
    constituents has all features 0; a momentum that is not finite is a `ValueError`.

    >>> photons = [{"px": pt, "py": 0.0, "pz": 0.0, "E": pt, "charge": 0} for pt in (30.0, 10.0)]
    >>> features = jet_features(ak.Array([photons, photons[:1]]))
    >>> features["pt"].tolist(), features["n"].tolist(), features["ptd"].round(2).tolist()
    ([40.0, 30.0], [2.0, 1.0], [0.79, 1.0])
    """
    counts = ak.to_numpy(ak.num(constituents))
    flat = {name: _flat(constituents[name]) for name in ("px", "py", "pz", "E", "charge")}
    _refuse_non_finite(flat, counts)

    features = _kinematics_and_shapes(flat, counts)
    filled = counts > 0
    if filled.any():
        substructure = _substructure(constituents[filled][["px", "py", "pz", "E"]])
        for name, values in substructure.items():
            features[name] = np.zeros(len(counts))
            features[name][filled] = values
    return {name: features.get(name, np.zeros(len(counts))) for name in FEATURES}


def ratio(numerator: Array, denominator: Array) -> Array:
    """`numerator / denominator`, and 0 where the denominator is 0.

    >>> ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])).tolist()
    [0.5, 0.0]
    """
    return np.divide(numerator, denominator, out=np.zeros_like(numerator, dtype=np.float64), where=denominator != 0)


def wrap(angle: Array) -> Array:
    """The angle (rad) in −π to π.

    >>> float(wrap(np.array(3.5)).round(4))
    -2.7832
    """
    return (angle + np.pi) % (2 * np.pi) - np.pi


def direction(px: Array, py: Array, pz: Array) -> tuple[Array, Array, Array]:
    """Transverse momentum (GeV), pseudorapidity and azimuth (rad) of momenta (GeV); a null vector has η = φ = 0."""
    pt = np.hypot(px, py)
    return pt, np.arcsinh(ratio(pz, pt)), np.arctan2(py, px)


def _flat(values: "awkward.Array") -> Array:
    return ak.to_numpy(ak.flatten(values, axis=1)).astype(np.float64)


def _refuse_non_finite(flat: dict[str, Array], counts: NDArray[np.int64]) -> None:
    bad = ~np.logical_and.reduce([np.isfinite(values) for values in flat.values()])
    if bad.any():
        jet = np.repeat(np.arange(len(counts)), counts)[bad][0]
        raise ValueError(f"Jet {jet} has a constituent whose momentum or charge is NaN or infinite: leave it out.")


def _kinematics_and_shapes(flat: dict[str, Array], counts: NDArray[np.int64]) -> dict[str, Array]:
    jet = np.repeat(np.arange(len(counts)), counts)

    def total(values: Array) -> Array:
        return np.bincount(jet, weights=values, minlength=len(counts)).astype(np.float64)

    px, py, pz, E = (total(flat[name]) for name in ("px", "py", "pz", "E"))
    jet_pt, jet_eta, jet_phi = direction(px, py, pz)
    pt, eta, phi = direction(flat["px"], flat["py"], flat["pz"])
    dR = np.hypot(eta - jet_eta[jet], wrap(phi - jet_phi[jet]))
    z = ratio(pt, total(pt)[jet])
    charge = flat["charge"]
    return {
        "pt": jet_pt,
        "eta": jet_eta,
        "phi": jet_phi,
        "mass": np.sqrt(np.maximum(E**2 - px**2 - py**2 - pz**2, 0)),
        "width": total(z * dR / R0),
        "lha": total(z * np.sqrt(dR / R0)),
        "ptd": np.sqrt(total(z**2)),
        "charge": total(charge * np.sqrt(z)),
        "zlogz": total(z * np.log(np.where(z > 0, z, 1))),
        "n": counts.astype(np.float64),
        "n_charged": total((charge != 0).astype(np.float64)),
    }


def _substructure(momenta: "awkward.Array") -> dict[str, Array]:
    """Soft drop, N-subjettiness and groomed energy correlations of jets that have constituents."""
    # With the radius of the jet, Cambridge/Aachen would split off particles near the edge as jets of their own.
    everything = fastjet.JetDefinition(fastjet.cambridge_algorithm, fastjet.JetDefinition.max_allowable_R)
    jets = fastjet.ClusterSequence(momenta, everything)
    taus = ak.to_numpy(
        jets.njettiness(
            measure_definition="NormalizedMeasure", axes_definition=TAU_AXES, njets=[1, 2, 3, 4], beta=1.0, R0=R0
        )
    )
    features = {f"tau{N}": taus[:, N - 1] for N in (1, 2, 3, 4)}
    features["tau21"] = ratio(features["tau2"], features["tau1"])
    features["tau32"] = ratio(features["tau3"], features["tau2"])

    dropped = jets.exclusive_jets_softdrop_grooming(njets=1, beta=0.0, symmetry_cut=Z_CUT, R0=R0)
    # The mass of massless particles may come out as a tiny negative number, which stands for a negative square.
    features["msd"] = np.maximum(ak.to_numpy(dropped.msoftdrop), 0)
    features["n_groomed"] = ak.to_numpy(ak.num(dropped.constituents)).astype(np.float64)

    groomed = fastjet.ClusterSequence(dropped.constituents, everything)
    for name, (function, beta) in CORRELATIONS.items():
        values = ak.to_numpy(groomed.exclusive_jets_energy_correlator(njets=1, func=function, beta=beta))
        features[name] = np.nan_to_num(values, nan=0, posinf=0, neginf=0)
    return features
