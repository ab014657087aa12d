"""The jets that ship with the package: reproducible value for value, balanced, with the physics of their classes."""

import json

import awkward as ak
import numpy as np
import pytest
import uproot
from scipy.optimize import curve_fit

from course_utils.data import jets_path, store
from course_utils.physics import files
from course_utils.physics.branches import BRANCHES, CONSTITUENT_BRANCHES, FEATURES, branch_table, split_of
from course_utils.physics.events import jets_of_shard
from course_utils.physics.recipe import JetError, Recipe
from course_utils.physics.sample import JETS_PER_SPLIT, SAMPLE_CLASSES, first_of_each_split, sample_provenance


@pytest.fixture(scope="module")
def sample():
    return files.read(jets_path())


@pytest.fixture(scope="module")
def provenance():
    return files.provenance(jets_path())


@pytest.fixture(scope="module")
def by_class(sample):
    """The features of each class: by_class["W"]["msd"] (5000,)."""
    return {
        name: {feature: sample[feature][sample["label"] == label] for feature in FEATURES}
        for label, name in enumerate(SAMPLE_CLASSES)
    }


# ── How it was made ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE_CLASSES)
def test_simulating_jets_again_gives_those_of_the_file_value_for_value(sample, provenance, name, record_property):
    """The first twenty jets of each class, a hundred in all, with the recipe that the file tells.

    On the processor of the sample the checksums agree. Another one may round a logarithm differently, which can show in
    the last digit that is kept, of one value in a thousand at most; which particles there are must never change.
    """
    recipe = Recipe.from_dict(next(r for r in provenance["recipes"] if r["jet_class"] == name))
    again = files.reduce_precision(files.table_of(recipe.label, jets_of_shard(recipe, 0, 20, batch=20)))

    def place(table):
        return table["event"] * 16 + table["jet_rank"]

    again = files.take(again, np.argsort(place(again)))
    stored = files.take(sample, np.flatnonzero(np.isin(place(sample), place(again))))
    stored = files.take(stored, np.argsort(place(stored)))
    assert len(stored["event"]) == 20
    now, then = files.checksums(again), files.checksums(stored)
    equal = [branch for branch in then if now[branch] == then[branch]]
    record_property(
        f"simulated again, {name}: branches with the checksum of the sample", f"{len(equal)} of {len(then)}"
    )
    for branch in then.keys() - set(equal):
        a, b = (ak.to_numpy(ak.flatten(table[branch], axis=None)) for table in (again, stored))
        assert b.dtype.kind == "f", f"{branch} must be the same everywhere"
        step = 0.0021 if branch in ("constituent_deta", "constituent_dphi") else 2.0**-7 * np.abs(b) + 1e-30
        assert (np.abs(a - b) <= step).all(), branch
        assert np.mean(a != b) <= 1e-3 + 1 / a.size, branch


def test_the_values_are_those_of_the_stored_checksums(sample, provenance):
    assert files.checksums(sample) == provenance["checksums"]


def test_the_file_tells_how_it_was_made(provenance):
    expected = json.loads(json.dumps(sample_provenance()))
    assert {key: provenance[key] for key in expected if key != "versions"} == {
        key: expected[key] for key in expected if key != "versions"
    }
    assert provenance["versions"].keys() == expected["versions"].keys()
    assert provenance["versions"]["pythia8mc"] == "8.317.2"


def test_the_file_tells_what_its_branches_mean(provenance):
    assert list(provenance["branches"]) == [branch.name for branch in BRANCHES]
    assert provenance["branches"]["msd"] == "soft-drop mass (z_cut = 0.1, β = 0) [GeV]"


def test_the_file_is_a_small_compressed_tree():
    assert jets_path().stat().st_size <= 8_000_000
    with uproot.open(jets_path()) as file:
        assert file.classnames()["jets;1"] == "TTree"
        assert isinstance(file.file.compression, uproot.LZMA)
        assert set(file["jets"].keys()) == {branch.name for branch in BRANCHES} | {"n_stored"}


def test_the_readme_of_the_data_has_the_table_of_branches():
    assert branch_table() in (store.FILES / "README.md").read_text(encoding="utf-8")


# ── What it holds ───────────────────────────────────────────────────────────────────────────────────────────────


def test_classes_are_balanced_in_every_part(sample):
    split = split_of(sample["event"])
    for part, count in enumerate(JETS_PER_SPLIT):
        assert np.bincount(sample["label"][split == part]).tolist() == [count] * len(SAMPLE_CLASSES)


def test_no_event_is_in_two_parts_or_two_classes(sample):
    split = split_of(sample["event"])
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.intersect1d(sample["event"][split == a], sample["event"][split == b]).size == 0
    assert (sample["event"] // 10**12 == sample["label"]).all()
    assert 0.05 < 1 - np.unique(sample["event"]).size / sample["event"].size < 0.5  # some events gave two jets


def test_no_jet_is_there_twice(sample):
    assert np.unique(sample["event"] * 16 + sample["jet_rank"]).size == sample["event"].size
    values = np.stack([sample[name] for name in ("pt", "eta", "phi", "mass")], axis=1)
    assert len(np.unique(values, axis=0)) == len(values)


def test_any_part_of_the_file_holds_all_classes(sample):
    for first in range(0, 25_000, 1000):
        assert np.bincount(sample["label"][first : first + 1000]).min() > 130


def test_a_part_that_cannot_be_filled_is_an_error():
    with pytest.raises(JetError, match="The test part has 1 of 2 jets"):
        first_of_each_split(np.arange(5), (1, 1, 2))


def test_values_are_as_fine_as_the_file_says(sample):
    for name in (*FEATURES, "weight"):
        assert (sample[name].view(np.uint32) & 0x7FF == 0).all(), name
    for branch in CONSTITUENT_BRANCHES[1:3]:
        steps = ak.to_numpy(ak.flatten(sample[branch.name])) * 500
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)


def test_stored_constituents_are_the_leading_ones(sample):
    n_stored = ak.to_numpy(ak.num(sample["constituent_pt"]))
    assert (n_stored == np.minimum(sample["n"], 50)).all()
    assert ak.all(sample["constituent_pt"][:, 1:] <= sample["constituent_pt"][:, :-1])
    share = ak.to_numpy(ak.sum(sample["constituent_pt"], axis=1)) / sample["pt"]
    assert share.min() > 0.7 and np.median(share) > 0.98


def test_features_follow_from_the_constituents_where_all_are_stored(sample):
    whole = sample["n"] <= 50
    pt, deta, dphi = (sample[name][whole] for name in ("constituent_pt", "constituent_deta", "constituent_dphi"))
    z = pt / ak.sum(pt, axis=1)
    width = ak.to_numpy(ak.sum(z * np.hypot(deta, dphi) / 0.8, axis=1))
    np.testing.assert_allclose(width, sample["width"][whole], rtol=0.02, atol=2e-3)
    np.testing.assert_allclose(np.sqrt(ak.to_numpy(ak.sum(z**2, axis=1))), sample["ptd"][whole], rtol=0.01)
    charge = ak.to_numpy(ak.sum(sample["constituent_charge"][whole] * np.sqrt(z), axis=1))
    np.testing.assert_allclose(charge, sample["charge"][whole], atol=0.01)
    charged = ak.to_numpy(ak.sum(sample["constituent_charge"] != 0, axis=1))
    assert (charged[whole] == sample["n_charged"][whole]).all()


# ── Physics ─────────────────────────────────────────────────────────────────────────────────────────────────────


def fitted_peak(values, guess):
    """The position of a peak: a Gaussian on a straight line, fitted to a histogram within 20 % of the `guess`."""
    low, high = 0.8 * guess, 1.2 * guess
    counts, edges = np.histogram(values, bins=40, range=(low, high))
    centers = (edges[1:] + edges[:-1]) / 2

    def model(m, height, peak, sigma, level, slope):
        return height * np.exp(-0.5 * ((m - peak) / sigma) ** 2) + level + slope * (m - guess)

    start = (counts.max(), centers[counts.argmax()], 0.05 * guess, counts.min(), 0)
    (_, peak, sigma, *_), _ = curve_fit(model, centers, counts, p0=start, sigma=np.sqrt(counts + 1))
    assert 1 < abs(sigma) < 0.15 * guess
    return peak


def test_the_fit_finds_a_peak_on_a_slope():
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(81, 6, 3000), rng.triangular(40, 40, 200, 4000)])
    assert fitted_peak(values, 80) == pytest.approx(81, abs=0.5)


@pytest.mark.parametrize(("name", "mass"), [("W", 80.385), ("Z", 91.188), ("t", 173.0)])
def test_soft_drop_masses_peak_at_the_mass_of_the_particle(by_class, name, mass):
    """The masses are those of Pythia's particle data. The top peaks 2 to 3 GeV above: its wide jets catch most of the
    underlying event (without it, the peak is at the mass)."""
    assert fitted_peak(by_class[name]["msd"], mass) == pytest.approx(mass, abs=3)


@pytest.mark.parametrize("name", ["q", "g"])
def test_qcd_jets_have_no_mass_of_their_own(by_class, name):
    """Their soft-drop mass falls all the way: fewer jets in each wider window."""
    counts, _ = np.histogram(by_class[name]["msd"], bins=[10, 25, 40, 60, 80, 100, 130, 160])
    density = counts / np.diff([10, 25, 40, 60, 80, 100, 130, 160])
    assert (np.diff(density) < 0).all()


def test_soft_drop_lowers_the_mass(by_class):
    for name in SAMPLE_CLASSES:
        assert (by_class[name]["msd"] <= 1.001 * by_class[name]["mass"]).all()
    assert np.median(by_class["q"]["msd"] / by_class["q"]["mass"]) < 0.5
    assert np.median(by_class["W"]["msd"] / by_class["W"]["mass"]) > 0.8


def test_two_prongs_have_small_tau21_and_three_prongs_small_tau32(by_class):
    tau21 = {name: by_class[name]["tau21"].mean() for name in SAMPLE_CLASSES}
    tau32 = {name: by_class[name]["tau32"].mean() for name in SAMPLE_CLASSES}
    assert max(tau21["W"], tau21["Z"]) + 0.1 < tau21["t"] < min(tau21["q"], tau21["g"]) - 0.1
    assert tau32["t"] < min(tau32[name] for name in SAMPLE_CLASSES if name != "t") - 0.2
    expected = {"q": 0.63, "g": 0.61, "W": 0.36, "Z": 0.35}
    assert {name: tau21[name] for name in expected} == pytest.approx(expected, abs=0.02)


def test_gluon_jets_are_richer_and_wider_than_quark_jets(by_class):
    quark, gluon = by_class["q"], by_class["g"]
    assert gluon["n"].mean() > 1.4 * quark["n"].mean()
    for name in ("width", "lha", "mass", "c1_b1"):
        assert gluon[name].mean() > 1.2 * quark[name].mean()
    assert gluon["ptd"].mean() < 0.8 * quark["ptd"].mean()


def test_the_charge_of_the_w_is_seen(sample):
    for sign in (+1, -1):
        charge = sample["charge"][sample["truth_id"] == sign * 24]
        assert sign * charge.mean() > 0.2


def test_pt_alone_tells_nothing(by_class):
    means = [by_class[name]["pt"].mean() for name in SAMPLE_CLASSES]
    assert max(means) - min(means) < 15
    for name in SAMPLE_CLASSES:
        assert by_class[name]["pt"].min() >= 500 and by_class[name]["pt"].max() <= 700


def test_weights_undo_the_flat_spectrum(sample):
    """A falling spectrum has most of its weight near the lower end of the window."""
    heavy = np.average(sample["pt"] < 550, weights=sample["weight"])
    assert heavy > 1.5 * np.mean(sample["pt"] < 550)
