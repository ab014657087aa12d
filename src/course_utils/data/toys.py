"""Toy sets: points in the plane that belong to two or more classes, drawn from the generator that you pass.

Every function returns ``X`` of shape (n, 2), float64, and ``y`` of shape (n,), int64, with the classes in
random order and in equal numbers, to within one where n does not divide.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

MEANS = ((-1.0, 0.0), (1.0, 0.0))
COVS = ((1.0, 0.0), (0.0, 1.0))


def moons(n: int, rng: np.random.Generator, noise: float = 0.1) -> tuple[Floats, Labels]:
    """Two half circles of radius 1 that reach into each other; class 0 is the upper one.

    `noise` ≥ 0 is the standard deviation of the Gaussian shift of each coordinate.

    >>> X, y = moons(200, np.random.default_rng(0))
    >>> X.shape, np.bincount(y)
    ((200, 2), array([100, 100]))
    """
    _require_nonnegative("noise", noise)
    y = _classes(n, 2, rng)
    t = rng.uniform(0, math.pi, n)
    upper = np.column_stack([np.cos(t), np.sin(t)])  # (n, 2)
    lower = np.column_stack([1 - np.cos(t), 0.5 - np.sin(t)])  # (n, 2)
    return _shifted(np.where(y[:, None] == 0, upper, lower), noise, rng), y


def rings(n: int, rng: np.random.Generator, noise: float = 0.1) -> tuple[Floats, Labels]:
    """Two rings about the origin: class 0 at radius 0.5, class 1 at radius 1.

    `noise` ≥ 0 is the standard deviation of the Gaussian shift of each coordinate.

    >>> X, y = rings(200, np.random.default_rng(0), noise=0)
    >>> np.allclose(np.hypot(X[:, 0], X[:, 1]), np.where(y == 0, 0.5, 1.0))
    True
    """
    _require_nonnegative("noise", noise)
    y = _classes(n, 2, rng)
    radius = np.where(y == 0, 0.5, 1.0)
    return _shifted(_polar(radius, rng.uniform(0, 2 * math.pi, n)), noise, rng), y


def spirals(n: int, rng: np.random.Generator, noise: float = 0.02, turns: float = 1.5) -> tuple[Floats, Labels]:
    """Two arms that wind `turns` > 0 times from the origin to radius 1; class 1 is class 0 turned by 180°.

    `noise` ≥ 0 is the standard deviation of the Gaussian shift of each coordinate.

    >>> X, y = spirals(200, np.random.default_rng(0), turns=2)
    >>> X.shape, np.bincount(y)
    ((200, 2), array([100, 100]))
    """
    _require_nonnegative("noise", noise)
    if not 0 < turns < math.inf:
        raise ValueError(f"turns must be a positive number, got {turns}")
    y = _classes(n, 2, rng)
    # The square root spreads the points evenly along an arm, whose length grows like radius².
    radius = np.sqrt(rng.uniform(0, 1, n))
    return _shifted(_polar(radius, 2 * math.pi * turns * radius + math.pi * y), noise, rng), y


def blobs(
    n: int,
    rng: np.random.Generator,
    centers: ArrayLike = ((-2.0, -1.0), (2.0, -1.0), (0.0, 2.0)),
    spread: float = 0.5,
) -> tuple[Floats, Labels]:
    """One round Gaussian per class: class k lies about ``centers[k]``.

    `centers` has the shape (number of classes, 2); `spread` ≥ 0 is the standard deviation of each coordinate.

    >>> X, y = blobs(300, np.random.default_rng(0))
    >>> X.shape, np.bincount(y)
    ((300, 2), array([100, 100, 100]))
    """
    _require_nonnegative("spread", spread)
    points = _finite("centers", centers)
    if points.shape[1:] != (2,) or len(points) == 0:
        raise ValueError(f"centers must be a list of points [[x, y], …], got {centers!r}")
    y = _classes(n, len(points), rng)
    return _shifted(points[y], spread, rng), y


def xor(n: int, rng: np.random.Generator, noise: float = 0.3) -> tuple[Floats, Labels]:
    """The four corners (±1, ±1): class 1 where the signs of the coordinates differ, class 0 where they agree.

    `noise` ≥ 0 is the standard deviation of the Gaussian shift of each coordinate; 0 gives exact corners.

    >>> X, y = xor(4, np.random.default_rng(0), noise=0)
    >>> np.array_equal(y == 1, X[:, 0] != X[:, 1])
    True
    """
    _require_nonnegative("noise", noise)
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
    corner = _classes(n, 4, rng)
    return _shifted(corners[corner], noise, rng), corner % 2


def gaussians(
    n: int, rng: np.random.Generator, means: ArrayLike = MEANS, covs: ArrayLike = COVS
) -> tuple[Floats, Labels]:
    """Two overlapping Gaussians whose ideal classifier is known: see `gaussians_log_likelihood_ratio`.

    `means` has the shape (2, 2), one row per class; `covs` the shape (2, 2), one covariance matrix for both
    classes, or (2, 2, 2), one per class.

    >>> X, y = gaussians(200, np.random.default_rng(0))
    >>> X.shape, np.bincount(y)
    ((200, 2), array([100, 100]))
    """
    mean, cov = _gaussian_parameters(means, covs)
    y = _classes(n, 2, rng)
    L = np.linalg.cholesky(cov)  # (2, 2, 2)
    z = rng.standard_normal((n, 2))
    return mean[y] + np.einsum("nij,nj->ni", L[y], z), y


def gaussians_log_likelihood_ratio(
    X: ArrayLike, means: ArrayLike = MEANS, covs: ArrayLike = COVS
) -> NDArray[np.float64]:
    """log p(x | class 1) − log p(x | class 0) for points `X` (n, 2) of `gaussians` with the same parameters.

    The shape is (n,). By the lemma of Neyman and Pearson no classifier beats a cut on it, and because the
    classes are equally frequent its sigmoid is the probability of class 1.

    >>> gaussians_log_likelihood_ratio([[0.0, 5.0], [1.5, 0.0]])  # for the default parameters it is 2 x
    array([0., 3.])
    """
    mean, cov = _gaussian_parameters(means, covs)
    d = np.asarray(X, float) - mean[:, None]  # (2, n, 2): from each class's mean to each point
    squared_distance = np.einsum("kni,kij,knj->kn", d, np.linalg.inv(cov), d)  # (2, n)
    log_p = -0.5 * (squared_distance + np.log(np.linalg.det(cov))[:, None])  # (2, n), up to a constant
    return log_p[1] - log_p[0]


def _classes(n: int, number: int, rng: np.random.Generator) -> Labels:
    """`n` labels 0…number − 1 in random order, in equal numbers to within one; checks n and the generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a NumPy generator such as np.random.default_rng(seed), got {type(rng).__name__}")
    if not isinstance(n, int | np.integer):
        raise TypeError(f"n must be a whole number of points, got {n!r}")
    if n < number:
        raise ValueError(f"n must be at least {number} to have a point of each kind, got {n}")
    return rng.permutation(np.arange(n) % number)


def _shifted(X: Floats, noise: float, rng: np.random.Generator) -> Floats:
    """`X` (n, 2) with each coordinate shifted by a Gaussian of standard deviation `noise`."""
    return X + rng.normal(scale=noise, size=X.shape)


def _polar(radius: Floats, angle: Floats) -> Floats:
    """The points (n, 2) at `radius` (n,) and `angle` (n,)."""
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _require_nonnegative(name: str, value: float) -> None:
    """Raise ValueError, naming the parameter, unless it is finite and not negative."""
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be zero or a positive number, got {value}")


def _finite(name: str, values: ArrayLike) -> Floats:
    """`values` as an array; raises ValueError, naming the parameter, unless all are finite."""
    array = np.asarray(values, float)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, got {values!r}")
    return array


def _gaussian_parameters(means: ArrayLike, covs: ArrayLike) -> tuple[Floats, Floats]:
    """The checked means (2, 2) and one covariance matrix per class (2, 2, 2)."""
    mean, cov = _finite("means", means), _finite("covs", covs)
    if mean.shape != (2, 2):
        raise ValueError(f"means must hold one point per class, shape (2, 2), got shape {mean.shape}")
    if cov.shape not in {(2, 2), (2, 2, 2)}:
        raise ValueError(f"covs must have the shape (2, 2) or, one per class, (2, 2, 2), got {cov.shape}")
    cov = np.broadcast_to(cov, (2, 2, 2))
    if not np.allclose(cov, cov.transpose(0, 2, 1)) or np.linalg.eigvalsh(cov).min() <= 0:
        raise ValueError(f"covs must be symmetric with positive eigenvalues, got {covs!r}")
    return mean, cov
