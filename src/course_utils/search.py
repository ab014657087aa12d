"""Searches for hyperparameters: random, evolutionary and Bayesian, on the unit cube.

A point `u` is a row of numbers from 0 to 1, one for each hyperparameter; a search is called with the function to
minimize, the number of dimensions, its budget of calls and a random generator, and gives the points that it tried
(budget, n) and their losses (budget,), in the order of the trials. `LossTable` is such a function, made of measured
losses, whose minimum is known.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import erf, pi, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Objective = Callable[[Array], float]
Trials = tuple[Array, Array]

LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  #: the lengths among which `fit_lengths` chooses
NOISE = 0.01  #: the variance of the noise, in units of that of the losses


class LossTable:
    """A loss that was measured at the nodes of a grid, and is interpolated between them: linearly, on log axes.

    Such a function is smallest at a node, so its minimum `best` is known. `nodes` holds the values of each
    hyperparameter, rising and positive; `values` has one axis for each of them.

    >>> table = LossTable({"lr": [0.01, 0.1, 1.0], "batch": [16, 64]}, [[3.0, 3.0], [1.0, 2.0], [5.0, 4.0]])
    >>> table(np.array([0.5, 0.0])), table(np.array([0.25, 0.0])), table.best
    (1.0, 2.0, 1.0)
    >>> table.setting(np.array([0.5, 0.5]))
    {'lr': 0.1, 'batch': 32.0}
    """

    def __init__(self, nodes: Mapping[str, Sequence[float]], values: ArrayLike) -> None:
        self.nodes = {name: np.asarray(row, dtype=float) for name, row in nodes.items()}
        self.values = np.asarray(values, dtype=float)
        shape = tuple(len(row) for row in self.nodes.values())
        if self.values.shape != shape:
            raise ValueError(f"the nodes make a grid of shape {shape}, the values have {self.values.shape}")
        if not np.isfinite(self.values).all():
            raise ValueError("the values hold NaN or infinity")
        for name, row in self.nodes.items():
            if len(row) < 2 or row[0] <= 0 or (np.diff(row) <= 0).any():
                raise ValueError(f"the nodes of {name!r} must be two or more positive numbers that rise, not {row}")
        self._places = [np.log(row / row[0]) / np.log(row[-1] / row[0]) for row in self.nodes.values()]

    @classmethod
    def from_csv(cls, path: str | Path, names: Sequence[str], columns: Sequence[str]) -> "LossTable":
        """The mean of some columns of a CSV file with a line for each combination of the hyperparameters `names`."""
        with Path(path).open(newline="") as file:
            lines = list(csv.DictReader(file))
        nodes = {name: sorted({float(line[name]) for line in lines}) for name in names}
        known = {tuple(float(line[n]) for n in names): np.mean([float(line[c]) for c in columns]) for line in lines}
        settings = list(product(*nodes.values()))
        missing = [setting for setting in settings if setting not in known]
        if missing:
            raise ValueError(f"{path} has no line for {dict(zip(names, missing[0], strict=True))}")
        values = np.reshape([known[setting] for setting in settings], [len(row) for row in nodes.values()])
        return cls(nodes, values)

    @property
    def best(self) -> float:
        """The smallest loss there is."""
        return float(self.values.min())

    def __call__(self, u: Array) -> float:
        """The loss at the point `u` (n,) of the unit cube."""
        u = np.asarray(u, dtype=float)
        if u.shape != (self.values.ndim,) or not ((u >= 0) & (u <= 1)).all():
            raise ValueError(f"a point has {self.values.ndim} numbers from 0 to 1, not {u}")
        values = self.values
        for x, places in zip(u, self._places, strict=True):  # one axis after the other: (n_1, n_2, ...) -> (n_2, ...)
            at = np.interp(x, places, range(len(places)))
            k = min(int(at), len(places) - 2)
            values = values[k] + (at - k) * (values[k + 1] - values[k])
        return float(values)

    def setting(self, u: Array) -> dict[str, float]:
        """The hyperparameters that belong to the point `u`."""
        rows = zip(self.nodes.items(), u, strict=True)
        return {name: float(f"{row[0] * (row[-1] / row[0]) ** x:.6g}") for (name, row), x in rows}


def matern(U: Array, V: Array, lengths: ArrayLike = 1.0) -> Array:
    """The Matérn kernel with ν = 5/2: how much the losses at the rows of U (N, n) and V (M, n) go together, (N, M)."""
    r2 = np.sum(np.square((U[:, None] - V[None]) / lengths), axis=-1)  # (N, M)
    s = np.sqrt(5 * r2)
    return (1 + s + s**2 / 3) * np.exp(-s)


def posterior(U: Array, y: Array, U_new: Array, lengths: ArrayLike = 1.0, noise: float = NOISE) -> tuple[Array, Array]:
    """The mean and the standard deviation (M,) of a Gaussian process at `U_new` (M, n), given `y` (N,) at `U` (N, n).

    The process has mean 0 and variance 1 where nothing is known.

    >>> mean, sigma = posterior(np.array([[0.0], [1.0]]), np.array([1.0, -1.0]), np.array([[0.0], [0.5]]), 0.2)
    >>> mean.round(2), sigma.round(2)
    (array([0.99, 0.  ]), array([0.1, 1. ]))
    """
    L = np.linalg.cholesky(matern(U, U, lengths) + noise * np.eye(len(U)))  # (N, N)
    K_new = matern(U, U_new, lengths)  # (N, M)
    A = np.linalg.solve(L, K_new)  # (N, M)
    mean = A.T @ np.linalg.solve(L, y)  # (M,)
    return mean, np.sqrt(np.maximum(1 - np.sum(A**2, axis=0), 0))


def log_evidence(U: Array, y: Array, lengths: ArrayLike = 1.0, noise: float = NOISE) -> float:
    """log p(y | U): how probable the process makes the losses `y`, whatever it is between them."""
    L = np.linalg.cholesky(matern(U, U, lengths) + noise * np.eye(len(U)))
    z = np.linalg.solve(L, y)
    return float(-z @ z / 2 - np.log(np.diag(L)).sum() - len(y) / 2 * np.log(2 * pi))


def fit_lengths(U: Array, y: Array, noise: float = NOISE, sweeps: int = 2) -> Array:
    """A length for each dimension (n,), chosen from `LENGTHS`, one dimension after the other, by the evidence."""
    lengths = np.full(U.shape[1], 0.8)
    for _ in range(sweeps):
        for j in range(len(lengths)):
            tries = np.tile(lengths, (len(LENGTHS), 1))
            tries[:, j] = LENGTHS
            lengths = tries[np.argmax([log_evidence(U, y, row, noise) for row in tries])]
    return lengths


def expected_improvement(mean: ArrayLike, sigma: ArrayLike, best: float) -> Array:
    """E[max(0, best − y)] for y normal with `mean` and `sigma`.

    It is (best − mean) Φ(z) + sigma φ(z) with z = (best − mean) / sigma.

    >>> expected_improvement([0.0, 1.0, 1.0], [1.0, 1.0, 0.0], best=0.0).round(4)
    array([0.3989, 0.0833, 0.    ])
    """
    gain, sigma = best - np.asarray(mean, dtype=float), np.asarray(sigma, dtype=float)
    z = gain / np.maximum(sigma, 1e-12)
    below = np.array([0.5 * (1 + erf(x / sqrt(2))) for x in z.ravel()]).reshape(z.shape)
    return gain * below + sigma * np.exp(-(z**2) / 2) / sqrt(2 * pi)


def grid_points(n: int, per_axis: int) -> Array:
    """The middles of the cells of a grid: (per_axisⁿ, n)."""
    middles = (np.arange(per_axis) + 0.5) / per_axis
    return np.array(list(product(middles, repeat=n)))


def grid_search(f: Objective, n: int, budget: int, rng: np.random.Generator) -> Trials:
    """The largest grid that the budget pays for, in random order; what is left of the budget stays unused."""
    per_axis = max(k for k in range(1, budget + 1) if k**n <= budget)
    U = rng.permutation(grid_points(n, per_axis))
    return U, np.array([f(u) for u in U])


def random_search(f: Objective, n: int, budget: int, rng: np.random.Generator) -> Trials:
    """Points drawn uniformly, whatever the earlier ones brought.

    >>> U, y = random_search(lambda u: float(u.sum()), 2, 100, np.random.default_rng(0))
    >>> U.shape, y.shape, float(y.min()) < 0.3
    ((100, 2), (100,), True)
    """
    U = rng.random((budget, n))
    return U, np.array([f(u) for u in U])


def evolutionary_search(
    f: Objective, n: int, budget: int, rng: np.random.Generator, parents: int = 5, step: float = 0.1
) -> Trials:
    """Children of the best: each takes every entry from one of two parents, and a random step."""
    U = list(rng.random((min(2 * parents, budget), n)))
    y = [f(u) for u in U]
    while len(U) < budget:
        a, b = (U[k] for k in rng.choice(np.argsort(y)[:parents], 2, replace=False))
        child = np.where(rng.random(n) < 0.5, a, b) + rng.normal(0, step, n)
        U.append(np.clip(child, 0, 1))
        y.append(f(U[-1]))
    return np.array(U), np.array(y)


def propose(U: Array, y: Array, rng: np.random.Generator) -> Array:
    """The point (n,) with the largest expected improvement among 1,200 candidates, a sixth of them near the best.

    How bad the worse half of the losses is does not matter: it counts as the median.
    """
    z = np.minimum(y, np.median(y))
    z = (z - z.mean()) / (z.std() + 1e-12)
    n = U.shape[1]
    near = U[np.argmin(y)] + rng.normal(0, 0.05, (200, n))
    candidates = np.vstack([rng.random((1000, n)), np.clip(near, 0, 1)])
    mean, sigma = posterior(U, z, candidates, fit_lengths(U, z))
    return candidates[np.argmax(expected_improvement(mean, sigma, z.min()))]


def bayesian_search(f: Objective, n: int, budget: int, rng: np.random.Generator, start: int = 8) -> Trials:
    """`start` random points, then always the point with the largest expected improvement.

    >>> U, y = bayesian_search(lambda u: float(np.sum((u - 0.3) ** 2)), 2, 20, np.random.default_rng(0))
    >>> bool(y.min() < 1e-3)
    True
    """
    U = rng.random((min(start, budget), n))
    y = np.array([f(u) for u in U])
    while len(U) < budget:
        u = propose(U, y, rng)
        U, y = np.vstack([U, u]), np.append(y, f(u))
    return U, y


def regret(losses: ArrayLike, best: float, budget: int | None = None) -> Array:
    """How far the best of the first k losses lies above `best`, for k = 1 to the budget.

    A search that ends before its budget keeps what it has.

    >>> regret([3.0, 5.0, 2.0], best=1.0, budget=4)
    array([2., 2., 1., 1.])
    """
    found = np.minimum.accumulate(np.asarray(losses, dtype=float)) - best
    return found if budget is None else np.pad(found, (0, budget - len(found)), mode="edge")
