"""The toy sets have the shape they promise, the geometry they are named for, and errors that help."""

import numpy as np
import pytest

from course_utils.data import (
    blobs,
    gaussians,
    gaussians_log_likelihood_ratio,
    moons,
    rings,
    spirals,
    xor,
)

TOYS = {moons: 2, rings: 2, spirals: 2, blobs: 3, xor: 2, gaussians: 2}
toys = pytest.mark.parametrize("toy", TOYS, ids=lambda toy: toy.__name__)

MEANS = [[-1.0, 0.5], [0.5, 0.0]]
COVS = [[[1.0, 0.6], [0.6, 2.0]], [[0.5, -0.2], [-0.2, 0.4]]]


def rng(seed=0):
    return np.random.default_rng(seed)


@toys
@pytest.mark.parametrize("n", [4, 5, 6, 7, 100, 101])
def test_shape_type_and_balance(toy, n):
    X, y = toy(n, rng())
    assert (X.shape, y.shape) == ((n, 2), (n,))
    assert (X.dtype, y.dtype) == (np.float64, np.int64)
    assert np.isfinite(X).all()
    counts = np.bincount(y)
    assert len(counts) == TOYS[toy]
    assert counts.max() - counts.min() <= 1


@toys
def test_classes_come_in_random_order(toy):
    _, y = toy(1000, rng())
    in_order = 1000 * (1 - 1 / TOYS[toy])  # expected changes of class from one row to the next
    assert abs(np.count_nonzero(np.diff(y)) - in_order) < 100


@toys
def test_the_generator_decides_and_nothing_else(toy):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    X, y = toy(50, rng(1))
    same_X, same_y = toy(50, rng(1))
    other_X, _ = toy(50, rng(2))
    assert np.array_equal(X, same_X) and np.array_equal(y, same_y)
    assert not np.array_equal(X, other_X)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_moons_without_noise_lie_on_two_half_circles():
    X, y = moons(501, rng(), noise=0)
    upper, lower = X[y == 0], X[y == 1] - [1, 0.5]
    assert np.allclose(np.hypot(*upper.T), 1) and (upper[:, 1] >= 0).all()
    assert np.allclose(np.hypot(*lower.T), 1) and (lower[:, 1] <= 0).all()
    for moon in (upper, lower):
        assert np.abs(moon[:, 0]).max() > 0.99 and np.abs(moon[:, 1]).max() > 0.99


def test_rings_without_noise_have_radius_one_half_and_one():
    X, y = rings(501, rng(), noise=0)
    assert np.allclose(np.hypot(*X.T), np.where(y == 0, 0.5, 1))
    for k in (0, 1):
        assert np.abs(X[y == k].mean(axis=0)).max() < 0.1


@pytest.mark.parametrize("turns", [0.5, 1.5, 3])
def test_spirals_without_noise_wind_as_often_as_told(turns):
    X, y = spirals(2001, rng(), noise=0, turns=turns)
    radius = np.hypot(*X.T)
    assert radius.max() <= 1 and radius.max() > 0.99
    X[y == 1] *= -1
    angle = np.arctan2(X[:, 1], X[:, 0])
    assert np.allclose(np.exp(1j * angle), np.exp(2j * np.pi * turns * radius))
    assert np.mean(radius**2) == pytest.approx(0.5, abs=0.03)  # even along the arm


def test_blobs_lie_about_their_centers():
    centers = [[0, 0], [5, 0], [0, 5], [5, 5], [9, 9]]
    X, y = blobs(20_000, rng(), centers=centers, spread=0.7)
    for k, center in enumerate(centers):
        assert np.allclose(X[y == k].mean(axis=0), center, atol=0.05)
        assert np.allclose(X[y == k].std(axis=0), 0.7, atol=0.05)
    exact, y = blobs(10, rng(), centers=centers, spread=0)
    assert np.array_equal(exact, np.array(centers)[y])


def test_xor_without_noise_is_the_truth_table():
    X, y = xor(4, rng(), noise=0)
    table = {tuple(x): label for x, label in zip(X.tolist(), y.tolist(), strict=True)}
    assert table == {(-1, -1): 0, (-1, 1): 1, (1, 1): 0, (1, -1): 1}


@pytest.mark.parametrize("toy", [moons, rings, spirals, xor])
def test_noise_is_the_standard_deviation_of_the_shift(toy):
    exact, _ = toy(20_000, rng(), noise=0)
    noisy, _ = toy(20_000, rng(), noise=0.25)
    shift = noisy - exact
    assert np.allclose(shift.mean(axis=0), 0, atol=0.01)
    assert np.allclose(np.cov(shift.T), 0.25**2 * np.eye(2), atol=0.005)


def test_gaussians_have_the_means_and_covariances_asked_for():
    X, y = gaussians(40_000, rng(), MEANS, COVS)
    for k in (0, 1):
        assert np.allclose(X[y == k].mean(axis=0), MEANS[k], atol=0.03)
        assert np.allclose(np.cov(X[y == k].T), COVS[k], atol=0.05)


def test_one_covariance_serves_both_classes():
    X, y = gaussians(100, rng(), MEANS, COVS[0])
    same_X, same_y = gaussians(100, rng(), MEANS, [COVS[0], COVS[0]])
    assert np.array_equal(X, same_X) and np.array_equal(y, same_y)
    ratio = gaussians_log_likelihood_ratio(X, MEANS, COVS[0])
    assert np.array_equal(ratio, gaussians_log_likelihood_ratio(X, MEANS, [COVS[0], COVS[0]]))


def density(x, mean, cov):
    """The normal density at one point, as the textbook writes it."""
    d = np.asarray(x) - mean
    return np.exp(-0.5 * d @ np.linalg.inv(cov) @ d) / (2 * np.pi * np.sqrt(np.linalg.det(cov)))


def test_log_likelihood_ratio_is_that_of_the_densities():
    points = rng().uniform(-3, 3, (20, 2))
    expected = [np.log(density(x, MEANS[1], COVS[1]) / density(x, MEANS[0], COVS[0])) for x in points]
    assert np.allclose(gaussians_log_likelihood_ratio(points, MEANS, COVS), expected)


def test_its_sigmoid_is_the_probability_of_class_1():
    X, y = gaussians(100_000, rng(), MEANS, COVS)
    p = 1 / (1 + np.exp(-gaussians_log_likelihood_ratio(X, MEANS, COVS)))
    for low in np.arange(0, 1, 0.1):
        inside = (low <= p) & (p < low + 0.1)
        assert y[inside].mean() == pytest.approx(p[inside].mean(), abs=0.04)


def test_the_default_pair_overlaps_as_much_as_theory_says():
    X, y = gaussians(100_000, rng())
    accuracy = np.mean((gaussians_log_likelihood_ratio(X) > 0) == y)
    assert accuracy == pytest.approx(0.8413, abs=0.004)  # Φ(1): each mean is one σ from the boundary


@toys
@pytest.mark.parametrize("not_a_generator", [0, None, np.random.RandomState(0), np.random])
def test_anything_but_a_generator_is_refused(toy, not_a_generator):
    with pytest.raises(TypeError, match=r"np\.random\.default_rng\(seed\), got "):
        toy(10, not_a_generator)


@toys
@pytest.mark.parametrize("n", [-1, 0, 1])
def test_too_few_points_are_refused(toy, n):
    with pytest.raises(ValueError, match=f"n must be at least . .*got {n}"):
        toy(n, rng())


@toys
def test_half_a_point_is_refused(toy):
    with pytest.raises(TypeError, match=r"n must be a whole number of points, got 10\.5"):
        toy(10.5, rng())


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf])
@pytest.mark.parametrize("toy", [moons, rings, spirals, xor])
def test_bad_noise_is_refused(toy, bad):
    with pytest.raises(ValueError, match=f"noise must be zero or a positive number, got {bad}"):
        toy(10, rng(), noise=bad)


@pytest.mark.parametrize(
    ("toy", "arguments", "message"),
    [
        (blobs, {"spread": -1}, "spread must be zero or a positive number, got -1"),
        (blobs, {"centers": 3}, "centers must be a list of points"),
        (blobs, {"centers": []}, "centers must be a list of points"),
        (blobs, {"centers": np.zeros((0, 2))}, "centers must be a list of points"),
        (blobs, {"centers": [[1, 2, 3]]}, "centers must be a list of points"),
        (blobs, {"centers": [[np.nan, 0]]}, "centers must hold finite numbers"),
        (blobs, {"centers": np.zeros((11, 2))}, "n must be at least 11"),
        (spirals, {"turns": 0}, "turns must be a positive number, got 0"),
        (spirals, {"turns": np.nan}, "turns must be a positive number, got nan"),
        (gaussians, {"means": [0, 1]}, "means must hold one point per class"),
        (gaussians, {"means": [[0, 0], [0, np.inf]]}, "means must hold finite numbers"),
        (gaussians, {"covs": 1}, "covs must have the shape"),
        (gaussians, {"covs": [[1, 2], [2, 1]]}, "covs must be symmetric with positive eigenvalues"),
        (gaussians, {"covs": [[1, 0.5], [0, 1]]}, "covs must be symmetric with positive eigenvalues"),
    ],
)
def test_other_bad_arguments_are_refused(toy, arguments, message):
    with pytest.raises(ValueError, match=message):
        toy(10, rng(), **arguments)
