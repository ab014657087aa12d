"""From proton-proton collisions to jets: Pythia makes the events, fastjet the jets, and truth gives them a label."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from course_utils.physics.extras import require
from course_utils.physics.features import R0, direction, wrap
from course_utils.physics.recipe import EVENTS_PER_SHARD, JetError, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    import awkward
    import pythia8mc as pythia

ak, fastjet, pythia8mc = require("awkward", "fastjet", "pythia8mc", extra="jets")

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

HADRONIC_W = ("24:onMode = off", "24:onIfAny = 1 2 3 4 5")
PROCESSES = {
    "q": ("HardQCD:gg2qqbar = on", "HardQCD:qq2qq = on", "HardQCD:qqbar2qqbarNew = on"),
    "g": ("HardQCD:gg2gg = on", "HardQCD:qqbar2gg = on"),
    "W": ("WeakDoubleBoson:ffbar2WW = on", *HADRONIC_W),
    "Z": (
        "WeakDoubleBoson:ffbar2gmZgmZ = on",
        "WeakZ0:gmZmode = 2",
        "23:onMode = off",
        "23:onIfAny = 1 2 3 4 5",
    ),
    "t": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", *HADRONIC_W),
    "H": (
        "HiggsSM:ffbar2HZ = on",
        "25:onMode = off",
        "25:onIfAny = 5",
        "23:onMode = off",
        "23:onIfAny = 12 14 16",
    ),
}

MAX_PARTICLE_ETA = 4.0
MIN_PARTICLE_PT = 0.1
MAX_JET_ETA = 2.0
QCD_MATCH = 0.4
HARDEST, LAST_COPY = 23, 62
NEUTRINOS = (12, 14, 16)
PATIENCE = 1000
MIN_JETS_PER_EVENT = 1 / 500


@dataclass(frozen=True)
class Truth:
    """Which particle, with how many decay quarks, must lie within `radius` of a jet for it to get its label."""

    pdg: int
    per_event: int
    quarks: int
    radius: float


# The particles that initiate QCD jets are the two of the hardest collision (pdg 0: any), without decay.
QCD = Truth(pdg=0, per_event=2, quarks=0, radius=QCD_MATCH)
TRUTH = {
    "q": QCD,
    "g": QCD,
    "W": Truth(pdg=24, per_event=2, quarks=2, radius=R0),
    "Z": Truth(pdg=23, per_event=2, quarks=2, radius=R0),
    "t": Truth(pdg=6, per_event=2, quarks=3, radius=R0),
    "H": Truth(pdg=25, per_event=1, quarks=2, radius=R0),
}


@dataclass(frozen=True)
class Particles:
    """The records of a batch of events, one after the other: `event` (index) and `mother` (row) are per particle."""

    event: Ints
    pdg: Ints
    status: Ints
    mother: Ints
    px: Array
    py: Array
    pz: Array
    E: Array
    n_events: int


def jets_of_shard(recipe: Recipe, shard: int, n: int, batch: int = 100) -> "awkward.Array":
    """The first `n` jets of a shard, whatever the `batch` (events at a time): one record per jet.

    Fields: `event`, `jet_rank`, `truth_id`, `weight` and the list `constituents` of `px`, `py`, `pz`, `E` (GeV),
    `charge` (e) and `kind`, in falling order of pt.
    """
    pythia = _start(recipe, shard)
    charges = _Charges(pythia)
    noise = np.random.default_rng([recipe.random_seed(shard), 1]) if recipe.smear else None
    found, n_found, n_events = [], 0, 0
    for particles, weights in _batches(pythia, batch):
        numbers = recipe.first_event(shard) + n_events + np.arange(particles.n_events)
        jets = _jets_of_batch(recipe, particles, charges, noise)
        batch_event = jets["event"]
        jets = ak.with_field(jets, numbers[batch_event], "event")
        found.append(ak.with_field(jets, weights[batch_event], "weight"))
        n_found += len(jets)
        n_events += particles.n_events
        if n_found >= n:
            return ak.concatenate(found)[:n]
        hopeless = n_events >= PATIENCE and n_found < n_events * MIN_JETS_PER_EVENT
        if hopeless or n_events + batch > EVENTS_PER_SHARD:
            raise JetError(
                f"{n_events} collisions gave {n_found} {recipe.jet_class} jets between {recipe.pt_min:g} and "
                f"{recipe.pt_max:g} GeV: choose another window (--pt-min, --pt-max). Below 200 to 400 GeV the "
                "decay of a W, Z, H or t does not fit into one jet; above a few TeV there are too few."
            )
    raise AssertionError("Pythia never ends")


def settings(recipe: Recipe, shard: int) -> list[str]:
    """The lines that Pythia reads for a shard.

    >>> settings(Recipe("W"), 0)[-1].split(" = ")[0]
    'Random:seed'
    """
    return [
        "Print:quiet = on",
        "Print:errors = off",
        "Beams:eCM = 13000",
        *PROCESSES[recipe.jet_class],
        f"PhaseSpace:pTHatMin = {0.9 * recipe.pt_min}",
        f"PhaseSpace:pTHatMax = {recipe.pt_max + 150}",
        # Nearly as many jets at the upper end of the window as at the lower: pt alone then tells nothing.
        "PhaseSpace:bias2Selection = on",
        "PhaseSpace:bias2SelectionPow = 5",
        f"PhaseSpace:bias2SelectionRef = {recipe.pt_min}",
        "ParticleDecays:limitTau0 = on",
        "ParticleDecays:tau0Max = 10",
        "Random:setSeed = on",
        f"Random:seed = {recipe.random_seed(shard)}",
    ]


def _start(recipe: Recipe, shard: int) -> "pythia.Pythia":
    pythia = pythia8mc.Pythia("", False)
    for line in settings(recipe, shard):
        if not pythia.readString(line):
            raise JetError(f"Pythia does not understand {line!r}: install pythia8mc 8.317.2, as the extra jets does.")
    if not pythia.init():
        raise JetError(
            f"Pythia finds no {recipe.jet_class} production between {recipe.pt_min:g} and {recipe.pt_max:g} GeV at "
            "13 TeV: lower --pt-min."
        )
    return pythia


def _batches(pythia: "pythia.Pythia", size: int) -> "Iterator[tuple[Particles, Array]]":
    """Events without end, as particles and one weight per event."""
    while True:
        events = pythia.nextBatch(size)
        record = events.prt
        counts = ak.to_numpy(ak.num(record))
        first = np.cumsum(counts) - counts
        event = np.repeat(np.arange(len(counts)), counts)

        def column(values: "awkward.Array", kind: type) -> NDArray:
            return ak.to_numpy(ak.flatten(values, axis=1)).astype(kind)

        momenta = [column(record.p[name], np.float64) for name in ("px", "py", "pz", "e")]
        pdg, status, mother = (column(record[name], np.int64) for name in ("id", "status", "mother1"))
        weights = ak.to_numpy(events.info.weights[:, 0])
        yield Particles(event, pdg, status, mother + first[event], *momenta, len(counts)), weights


class _Charges:
    """The electric charges (e) of particles by PDG number, asked of Pythia once each."""

    def __init__(self, pythia: "pythia.Pythia") -> None:
        self.charge_of = pythia.particleData.charge

    def __call__(self, pdg: Ints) -> Ints:
        kinds, place = np.unique(pdg, return_inverse=True)
        return np.array([round(self.charge_of(int(kind))) for kind in kinds], dtype=np.int64)[place]


def _jets_of_batch(
    recipe: Recipe, particles: Particles, charges: _Charges, noise: np.random.Generator | None
) -> "awkward.Array":
    """The labeled jets in the window, with `event` as an index into the batch."""
    seen = _visible(particles, charges, noise)
    counts = np.bincount(seen["event"], minlength=particles.n_events)
    momenta = ak.unflatten(ak.zip({name: seen[name] for name in ("px", "py", "pz", "E")}), counts)
    sequence = fastjet.ClusterSequence(momenta, fastjet.JetDefinition(fastjet.antikt_algorithm, R0))
    jets = sequence.inclusive_jets(recipe.pt_min)
    members = ak.flatten(sequence.constituent_index(recipe.pt_min), axis=1)

    event = np.repeat(np.arange(particles.n_events), ak.to_numpy(ak.num(jets)))
    pt, eta, phi = direction(*(ak.to_numpy(ak.flatten(jets[name], axis=1)) for name in ("px", "py", "pz")))
    truth_id = match(*targets(TRUTH[recipe.jet_class], particles), TRUTH[recipe.jet_class].radius, event, eta, phi)
    chosen = (pt < recipe.pt_max) & (np.abs(eta) < MAX_JET_ETA) & (truth_id != 0)

    first = np.cumsum(counts) - counts
    rows = ak.to_numpy(ak.flatten(members[chosen] + first[event[chosen]]))
    n_members = ak.to_numpy(ak.num(members[chosen]))
    jet = np.repeat(np.arange(chosen.sum()), n_members)
    rows = rows[np.lexsort((-np.hypot(seen["px"], seen["py"])[rows], jet))]
    constituents = ak.zip({name: values[rows] for name, values in seen.items() if name != "event"})
    return ak.zip(
        {
            "event": event[chosen],
            "jet_rank": _rank(event, pt)[chosen],
            "truth_id": truth_id[chosen],
            "constituents": ak.unflatten(constituents, n_members),
        },
        depth_limit=1,
    )


def _rank(event: Ints, pt: Array) -> Ints:
    """The place of each jet among those of its event, 0 for the hardest.

    >>> _rank(np.array([0, 0, 2, 2]), np.array([500.0, 600.0, 650.0, 550.0])).tolist()
    [1, 0, 0, 1]
    """
    order = np.lexsort((-pt, event))
    before = np.searchsorted(event[order], event[order])
    rank = np.empty(len(event), dtype=np.int64)
    rank[order] = np.arange(len(event)) - before
    return rank


def _visible(particles: Particles, charges: _Charges, noise: np.random.Generator | None) -> dict[str, NDArray]:
    """The stable particles that a detector sees, |η| < 4 and pt > 0.1 GeV, in the order of their events."""
    final = (particles.status > 0) & ~np.isin(np.abs(particles.pdg), NEUTRINOS)
    pdg = particles.pdg[final]
    charge = charges(pdg)
    seen = {
        "event": particles.event[final],
        **{name: getattr(particles, name)[final] for name in ("px", "py", "pz", "E")},
        "charge": charge,
        "kind": particle_kind(pdg, charge),
    }
    if noise is not None:
        seen = {**seen, **smear(seen, noise)}
    pt, eta, _ = direction(seen["px"], seen["py"], seen["pz"])
    accepted = (np.abs(eta) < MAX_PARTICLE_ETA) & (pt > MIN_PARTICLE_PT)
    return {name: values[accepted] for name, values in seen.items()}


def particle_kind(pdg: Ints, charge: Ints) -> Ints:
    """0 photon, 1 charged hadron, 2 neutral hadron, 3 electron, 4 muon.

    >>> particle_kind(np.array([22, 211, 130, -11, 13]), np.array([0, 1, 0, 1, -1])).tolist()
    [0, 1, 2, 3, 4]
    """
    number = np.abs(pdg)
    return np.select([number == 22, number == 11, number == 13, charge != 0], [0, 3, 4, 1], default=2)


# ── A simple detector ───────────────────────────────────────────────────────────────────────────────────────────

# Per kind: relative resolution of pt as a ⊕ b/√E ⊕ c·pt (E and pt in GeV), and resolution of each angle (rad).
RESOLUTION = {
    "photon": (0.01, 0.10, 0.0, 0.005),
    "charged hadron": (0.01, 0.0, 1e-4, 0.001),
    "neutral hadron": (0.05, 0.50, 0.0, 0.02),
    "electron": (0.01, 0.05, 0.0, 0.001),
    "muon": (0.01, 0.0, 1e-4, 0.001),
}


def smear(seen: dict[str, NDArray], noise: np.random.Generator) -> dict[str, Array]:
    """Momenta (GeV) as a detector of `RESOLUTION` measures them; masses are kept, and no pt falls below 0.

    The numbers resemble the tracker and calorimeters of a general-purpose LHC detector; there is no threshold, no
    magnetic field, no overlap of showers and no pile-up.
    """
    a, b, c, angle = np.array(list(RESOLUTION.values()))[seen["kind"]].T
    pt, eta, phi = direction(seen["px"], seen["py"], seen["pz"])
    E = seen["E"]
    mass2 = np.maximum(E**2 - (pt * np.cosh(eta)) ** 2, 0)
    # One row per particle: the numbers a particle gets do not depend on how events are batched.
    draws = noise.standard_normal((len(pt), 3))
    # Pythia has photons of no energy at all, which the threshold in pt removes later.
    relative = np.sqrt(a**2 + b**2 / np.maximum(E, MIN_PARTICLE_PT) + (c * pt) ** 2)
    pt = pt * np.maximum(1 + relative * draws[:, 0], 0)
    eta, phi = eta + angle * draws[:, 1], phi + angle * draws[:, 2]
    pz = pt * np.sinh(eta)
    return {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pz, "E": np.sqrt(mass2 + pt**2 + pz**2)}


# ── Truth ───────────────────────────────────────────────────────────────────────────────────────────────────────


def targets(truth: Truth, particles: Particles) -> tuple[Array, Array, Ints]:
    """Directions that a jet must contain, η and φ as (n_events, per_event, 1 + quarks), and whose they are.

    The last is the PDG number of each particle (n_events, per_event), 0 where an event is not as it should be.
    """
    status, pdg = np.abs(particles.status), np.abs(particles.pdg)
    if truth.pdg == 0:
        rows = np.flatnonzero(status == HARDEST)
        owner = rows
    else:
        last = np.flatnonzero((status == LAST_COPY) & (pdg == truth.pdg))
        quarks = np.flatnonzero((status == HARDEST) & (pdg <= 5))
        rows = np.concatenate([last, quarks])
        owner = first_copy(rows, truth.pdg, particles)
    # By event, then by the particle they belong to, which comes before its quarks.
    rows = rows[np.lexsort((pdg[rows] != truth.pdg, owner, particles.event[rows]))]
    size = 1 + truth.quarks
    whole = np.bincount(particles.event[rows], minlength=particles.n_events) == truth.per_event * size
    rows = rows[whole[particles.event[rows]]]

    shape = (particles.n_events, truth.per_event, size)
    eta, phi, ids = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    _, eta_rows, phi_rows = direction(particles.px[rows], particles.py[rows], particles.pz[rows])
    eta[whole] = eta_rows.reshape(-1, *shape[1:])
    phi[whole] = phi_rows.reshape(-1, *shape[1:])
    ids[whole] = particles.pdg[rows].reshape(-1, *shape[1:])
    return eta, phi, ids[:, :, 0]


def first_copy(rows: Ints, pdg: int, particles: Particles) -> Ints:
    """For each row, the first copy of the particle `pdg` that it is or comes from.

    Pythia copies a particle into a new row whenever it recoils; a row that stems from no such particle ends at the
    first row of its event.
    """
    is_it = np.abs(particles.pdg) == pdg
    first_row = np.searchsorted(particles.event, particles.event[rows])
    while True:
        mother = particles.mother[rows]
        climbs = (~is_it[rows] | is_it[mother]) & (rows != first_row)
        if not climbs.any():
            return rows
        rows = np.where(climbs, mother, rows)


def match(eta: Array, phi: Array, ids: Ints, radius: float, event: Ints, jet_eta: Array, jet_phi: Array) -> Ints:
    """For each jet, the PDG number of the first particle that lies within `radius` with its quarks, or 0.

    >>> eta, phi, ids = np.array([[[0.0, 0.3, -0.3]]]), np.zeros((1, 1, 3)), np.array([[24]])
    >>> match(eta, phi, ids, 0.8, np.array([0, 0]), np.array([0.1, 0.6]), np.array([0.0, 0.0])).tolist()
    [24, 0]
    """
    dR = np.hypot(eta[event] - jet_eta[:, None, None], wrap(phi[event] - jet_phi[:, None, None]))
    inside = (dR < radius).all(axis=2) & (ids[event] != 0)
    chosen = np.argmax(inside, axis=1)
    return np.where(inside.any(axis=1), np.take_along_axis(ids[event], chosen[:, None], axis=1)[:, 0], 0)
