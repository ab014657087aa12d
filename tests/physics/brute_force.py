"""The features of one jet computed again, slowly, from their definitions: NumPy loops, none of our code, no fastjet."""

from itertools import combinations

import numpy as np

R0 = 0.8


def rapidity_phi(p):
    """(y, φ) of a four-momentum (px, py, pz, E)."""
    px, py, pz, E = p
    return 0.5 * np.log((E + pz) / (E - pz)), np.arctan2(py, px)


def distance(a, b):
    """ΔR of two points (y or η, φ)."""
    dphi = abs(a[1] - b[1])
    return np.hypot(a[0] - b[0], min(dphi, 2 * np.pi - dphi))


def mass(p):
    return np.sqrt(max(p[3] ** 2 - p[0] ** 2 - p[1] ** 2 - p[2] ** 2, 0))


def cluster(momenta, power, stop=1, winner_takes_all=False):
    """Generalized kt (power 0: Cambridge/Aachen, 1: kt) down to `stop` jets.

    Gives the jets, each a dict with momentum `p`, `pt`, `point` (y, φ), the `rows` it is made of, and its two `parents`
    if it has any. With `winner_takes_all` the pts are added, and the point is that of the harder.
    """
    jets = [
        {"p": p, "pt": np.hypot(*p[:2]), "point": rapidity_phi(p), "rows": [i], "parents": ()}
        for i, p in enumerate(momenta)
    ]
    while len(jets) > stop:
        pt = np.array([jet["pt"] for jet in jets]) ** (2 * power)
        y, phi = np.array([jet["point"] for jet in jets]).T
        dphi = np.abs(phi[:, None] - phi)
        dR2 = (y[:, None] - y) ** 2 + np.minimum(dphi, 2 * np.pi - dphi) ** 2
        d = np.minimum(pt[:, None], pt) * dR2
        np.fill_diagonal(d, np.inf)
        i, j = sorted(np.unravel_index(np.argmin(d), d.shape))
        b, a = jets.pop(j), jets.pop(i)
        p = a["p"] + b["p"]
        merged = {"p": p, "pt": np.hypot(*p[:2]), "point": rapidity_phi(p), "rows": a["rows"] + b["rows"]}
        if winner_takes_all:
            merged |= {"pt": a["pt"] + b["pt"], "point": max(a, b, key=lambda jet: jet["pt"])["point"]}
        jets.append({**merged, "parents": (a, b)})
    return jets


def soft_drop(momenta, z_cut=0.1):
    """Rows that soft drop with β = 0 keeps: undo the clustering, drop the softer branch until it is not soft."""
    (jet,) = cluster(momenta, power=0)
    while jet["parents"]:
        soft, hard = sorted(jet["parents"], key=lambda branch: branch["pt"])
        if soft["pt"] / (soft["pt"] + hard["pt"]) > z_cut:
            break
        jet = hard
    return jet["rows"]


def winner_take_all_axes(momenta, N):
    """The points (y, φ) of the N exclusive kt jets with winner-take-all recombination."""
    return [jet["point"] for jet in cluster(momenta, power=1, stop=N, winner_takes_all=True)]


def subjettiness(momenta, axes):
    """τ_N (β = 1) about N given axes."""
    points = [rapidity_phi(p) for p in momenta]
    pt = [np.hypot(*p[:2]) for p in momenta]
    nearest = [min(distance(point, axis) for axis in axes) for point in points]
    return float(np.dot(pt, nearest) / (np.sum(pt) * R0))


def correlations(momenta):
    """C1, C2, D2, N2 and M2 from sums over all pairs and triples of particles."""
    points = [rapidity_phi(p) for p in momenta]
    pt = np.array([np.hypot(*p[:2]) for p in momenta])
    z = pt / pt.sum()
    dR = np.array([[distance(a, b) for a in points] for b in points])
    i, j = np.triu_indices(len(z), k=1)
    a, b, c = np.array(list(combinations(range(len(z)), 3)), dtype=int).reshape(-1, 3).T
    sides = np.sort([dR[a, b], dR[a, c], dR[b, c]], axis=0)
    zzz = z[a] * z[b] * z[c]

    def e2(beta):
        return np.sum(z[i] * z[j] * dR[i, j] ** beta)

    def e3(beta, angles=3):
        return np.sum(zzz * np.prod(sides[:angles], axis=0) ** beta)

    def over(numerator, denominator):
        return numerator / denominator if denominator else 0.0

    return {
        "c1_b0": e2(0),
        "c1_b1": e2(1),
        "c1_b2": e2(2),
        "c2_b1": over(e3(1), e2(1) ** 2),
        "d2_b1": over(e3(1), e2(1) ** 3),
        "d2_b2": over(e3(2), e2(2) ** 3),
        "n2_b1": over(e3(1, angles=2), e2(1) ** 2),
        "m2_b1": over(e3(1, angles=1), e2(1)),
    }


def features(momenta, charges):
    """Every feature of a jet but its N-subjettiness, whose axes fastjet goes on to optimize."""
    total = momenta.sum(axis=0)
    axis = np.arcsinh(total[2] / np.hypot(*total[:2])), np.arctan2(total[1], total[0])
    pt = np.hypot(momenta[:, 0], momenta[:, 1])
    points = [(np.arcsinh(p[2] / np.hypot(*p[:2])), np.arctan2(p[1], p[0])) for p in momenta]
    z = pt / pt.sum()
    dR = np.array([distance(point, axis) for point in points])
    kept = soft_drop(momenta)
    return {
        "pt": np.hypot(*total[:2]),
        "eta": axis[0],
        "phi": axis[1],
        "mass": mass(total),
        "msd": mass(momenta[kept].sum(axis=0)),
        **correlations(momenta[kept]),
        "width": np.sum(z * dR) / R0,
        "lha": np.sum(z * np.sqrt(dR)) / np.sqrt(R0),
        "ptd": np.sqrt(np.sum(pt**2)) / pt.sum(),
        "charge": np.sum(charges * z**0.5),
        "zlogz": np.sum(z * np.log(z)),
        "n": len(momenta),
        "n_charged": np.count_nonzero(charges),
        "n_groomed": len(kept),
    }
