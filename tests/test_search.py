"""Searches for hyperparameters against scikit-learn, SciPy and random draws; and the tables that they are raced on."""

import csv
import itertools

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from benchmarks import search as race
from benchmarks import search_table
from course_utils import search
from course_utils.search import LossTable

RNG = np.random.default_rng(0)
U, Y, U_NEW = RNG.random((30, 4)), RNG.normal(size=30), RNG.random((200, 4))
LENGTHS = np.array([0.2, 0.8, 1.6, 3.2])
SEARCHES = [search.random_search, search.evolutionary_search, search.bayesian_search]


@pytest.fixture(scope="module")
def table():
    return LossTable.from_csv(race.LOSSES, race.NAMES, [f"validation_{seed}" for seed in range(3)])


# ── The Gaussian process ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lengths", [0.3, LENGTHS])
@pytest.mark.parametrize("noise", [1e-6, 0.01, 1.0])
def test_the_process_is_scikit_learns(lengths, noise):
    process = GaussianProcessRegressor(Matern(lengths, nu=2.5), alpha=noise, optimizer=None).fit(U, Y)
    mean, sigma = process.predict(U_NEW, return_std=True)
    ours = search.posterior(U, Y, U_NEW, lengths, noise)
    assert np.abs(ours[0] - mean).max() < 1e-8
    assert np.abs(ours[1] - sigma).max() < 1e-8
    assert abs(search.log_evidence(U, Y, lengths, noise) - process.log_marginal_likelihood_value_) < 1e-8


def test_the_evidence_is_the_density_of_the_losses():
    C = search.matern(U, U, LENGTHS) + 0.01 * np.eye(30)
    assert abs(search.log_evidence(U, Y, LENGTHS) - multivariate_normal(cov=C).logpdf(Y)) < 1e-9


def test_lengths_are_long_where_the_losses_do_not_change():
    losses = np.sin(8 * U[:, 0])
    lengths = search.fit_lengths(U, (losses - losses.mean()) / losses.std())
    assert lengths[0] < 1
    assert (lengths[1:] > lengths[0]).all()
    assert set(lengths) <= set(search.LENGTHS)


# ── Expected improvement ────────────────────────────────────────────────────────────────────────────────────


def test_the_improvement_is_the_mean_of_random_draws():
    mean, sigma = np.array([0.0, 0.5, 0.5, 2.0, -1.0]), np.array([0.1, 0.1, 1.0, 1.0, 0.3])
    gains = np.maximum(0, 0.1 - (mean + sigma * RNG.normal(size=(400_000, 5))))
    error = gains.std(axis=0) / np.sqrt(len(gains))
    found = search.expected_improvement(mean, sigma, 0.1)
    assert (np.abs(found - gains.mean(axis=0)) < 5 * error + 1e-9).all()


def test_the_improvement_without_uncertainty_is_the_gain():
    assert np.allclose(search.expected_improvement([0.3, 0.8], [0.0, 0.0], 0.5), [0.2, 0.0])
    assert np.allclose(search.expected_improvement([[0.5]], [[2.0]], 0.5), 2 / np.sqrt(2 * np.pi))


# ── Searches ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("find", [search.grid_search, *SEARCHES])
@pytest.mark.parametrize("budget", [3, 16, 20])
def test_a_search_stays_in_the_cube_and_in_its_budget(find, budget):
    seen = []
    points, losses = find(lambda u: float(seen.append(u) or u.sum()), 2, budget, np.random.default_rng(0))
    assert len(seen) == len(points) == len(losses)
    assert len(seen) <= budget
    assert len(seen) == budget or find is search.grid_search
    assert ((points >= 0) & (points <= 1)).all()
    assert np.array_equal(points.sum(axis=1), losses)


@pytest.mark.parametrize("find", SEARCHES)
def test_the_same_seed_searches_the_same_way(find):
    first, second = (find(lambda u: float(u @ u), 3, 15, np.random.default_rng(4))[0] for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.slow
def test_a_search_that_learns_beats_one_that_does_not(table):
    def median(find):
        ends = [find(table, 4, 30, np.random.default_rng(100 + seed))[1].min() for seed in range(15)]
        return np.median(ends) - table.best

    by_chance = median(search.random_search)
    assert median(search.evolutionary_search) < by_chance
    assert median(search.bayesian_search) < 0.7 * by_chance


def test_a_grid_has_the_middles_of_its_cells():
    assert search.grid_points(2, 2).tolist() == [[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]]


# ── Tables of losses ────────────────────────────────────────────────────────────────────────────────────────


def test_the_table_has_its_losses_at_the_nodes_and_never_less(table):
    places = table._places
    for k in itertools.product(*map(range, table.values.shape)):
        assert abs(table(np.array([row[i] for row, i in zip(places, k, strict=True)])) - table.values[k]) < 1e-12
    assert min(table(u) for u in RNG.random((5000, 4))) >= table.best == table.values.min()


def test_between_two_nodes_lies_the_mean(table):
    first = np.array([table._places[0][5], *(row[1] for row in table._places[1:])])
    second = first.copy()
    second[0] = table._places[0][6]
    assert np.isclose(table((first + second) / 2), (table(first) + table(second)) / 2)


def test_a_setting_is_where_its_point_is():
    table = LossTable({"lr": [0.001, 1.0], "batch": [16, 64]}, np.zeros((2, 2)))
    assert table.setting(np.array([1 / 3, 1.0])) == {"lr": 0.01, "batch": 64.0}


@pytest.mark.parametrize(
    ("nodes", "values", "words"),
    [
        ({"lr": [1, 2]}, [1.0, 2.0, 3.0], r"shape \(2,\), the values have \(3,\)"),
        ({"lr": [1, 2]}, [1.0, np.nan], "NaN or infinity"),
        ({"lr": [0, 2]}, [1.0, 2.0], "two or more positive numbers that rise"),
        ({"lr": [2, 1]}, [1.0, 2.0], "two or more positive numbers that rise"),
    ],
)
def test_a_table_that_cannot_be_is_refused(nodes, values, words):
    with pytest.raises(ValueError, match=words):
        LossTable(nodes, values)


@pytest.mark.parametrize("u", [[0.5], [0.1, 0.2, 0.3, 1.1], [0.1, 0.2, 0.3, np.nan]])
def test_a_point_outside_of_the_cube_is_refused(table, u):
    with pytest.raises(ValueError, match="4 numbers from 0 to 1"):
        table(u)


def test_a_table_with_a_hole_is_refused(tmp_path):
    lines = race.LOSSES.read_text().splitlines()
    (tmp_path / "table.csv").write_text("\n".join(lines[:100] + lines[101:]))
    with pytest.raises(ValueError, match=r"has no line for {'lr': "):
        LossTable.from_csv(tmp_path / "table.csv", race.NAMES, ["validation_0"])


# ── The committed results ───────────────────────────────────────────────────────────────────────────────────


def committed(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("lr", "neurons", "batch", "decay"), [(0.01, 32, 64, 0.1), (0.1, 8, 256, 0.001)])
def test_a_training_again_gives_the_losses_of_the_table(lr, neurons, batch, decay):
    setting = {"lr": lr, "neurons": neurons, "batch": batch, "decay": decay}
    [row] = [r for r in committed(search_table.TABLE) if all(float(r[n]) == v for n, v in setting.items())]
    again = search_table.losses(search_table.jets(), 1, **setting)
    for part, loss in again.items():
        assert abs(loss - float(row[f"{part}_1"])) < 0.01  # other processors round differently


def test_a_training_that_runs_away_counts_as_guessing():
    lost = search_table.losses(search_table.jets(), 0, lr=1.0, neurons=128, batch=16, decay=0.001)
    assert lost == dict.fromkeys(search_table.PARTS, np.log(5))


@pytest.mark.parametrize("name", ["grid", "random", "evolutionary", "Bayesian", "lowest mean", "Optuna, TPE"])
def test_a_search_again_gives_the_losses_of_the_race(table, name):
    rows = [row for row in committed(race.TABLE) if row["searcher"] == name]
    searcher, seeds = race.SEARCHERS[name]
    assert [int(row["seed"]) for row in rows] == list(range(seeds))
    row, again = rows[3], searcher(table, 3)
    stored = [float(row[f"loss_{k}"]) for k in range(1, 31) if row[f"loss_{k}"]]
    assert np.abs(again[:10] - stored[:10]).max() < 1e-4
    assert len(again) == len(stored)


def test_the_race_is_whole():
    counts = {name: sum(row["searcher"] == name for row in committed(race.TABLE)) for name in race.SEARCHERS}
    assert counts == {name: seeds for name, (_, seeds) in race.SEARCHERS.items()}
