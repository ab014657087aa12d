"""How good a classifier is, with the uncertainty of the answer: ROC, rejection, calibration, bootstrap, significance.

Everywhere `y` (N,) holds 1 for signal and 0 for background, a larger score (N,) means "more like signal", and a cut
keeps what scores *at least* the threshold. Optional `weights` (N,) count an example as more or less than one.

>>> y, scores = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
>>> area(y, scores), rejection_at(y, scores, efficiency=0.5)
(0.75, inf)
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Roc(NamedTuple):
    """A ROC curve (K,) from the tightest cut, which keeps nothing, to the loosest, which keeps all."""

    signal: Array  #: share of the signal that is kept, ε_S
    background: Array  #: share of the background that is kept, ε_B
    thresholds: Array  #: the cut; the first is infinite


class Reliability(NamedTuple):
    """Bins of a predicted probability; one entry (K,) for each bin that is not empty."""

    predicted: Array  #: mean of the predicted probabilities
    observed: Array  #: share of signal
    error: Array  #: binomial error of this share; 0 where the bin holds one class only
    weight: Array  #: number (or summed weight) of the examples


class Interval(NamedTuple):
    """A number with its uncertainty from the bootstrap."""

    value: float  #: of the data themselves
    low: float  #: quantile of the replicas
    high: float
    error: float  #: standard deviation of the replicas; infinite if one of them is
    replicas: Array  #: (n,)


def roc(y: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> Roc:
    """The ROC curve: one point for each *different* score, so that equal scores are kept or lost together.

    >>> curve = roc([0, 1, 0, 1], [0.3, 0.3, 0.1, 0.9])
    >>> curve.signal, curve.background
    (array([0. , 0.5, 1. , 1. ]), array([0. , 0. , 0.5, 1. ]))
    >>> curve.thresholds
    array([inf, 0.9, 0.3, 0.1])
    """
    y, scores, w = _checked(y, scores, weights)
    order = np.argsort(-scores)
    y, scores = y[order], scores[order]
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))  # of each run of equal scores
    if w is None:
        signal = np.cumsum(y)[last].astype(float)
        background = 1.0 + last - signal
    else:
        w = w[order]
        signal, background = np.cumsum(w * y)[last], np.cumsum(w * ~y)[last]
    return Roc(
        np.append(0.0, signal / signal[-1]),
        np.append(0.0, background / background[-1]),
        np.append(np.inf, scores[last]),
    )


def area(y: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The area under ε_S against ε_B: the probability that a signal outscores a background, ties counting one half.

    >>> area([0, 1, 1], [0.2, 0.2, 0.7])
    0.75
    """
    curve = roc(y, scores, weights)
    return float(np.sum(np.diff(curve.background) * (curve.signal[1:] + curve.signal[:-1])) / 2)


def rejection_at(y: ArrayLike, scores: ArrayLike, efficiency: float = 0.5, weights: ArrayLike | None = None) -> float:
    """1/ε_B of the tightest cut that keeps at least the share `efficiency` of the signal; inf if no background is left.

    >>> rejection_at([0, 0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.8, 0.7, 0.9], efficiency=1)
    4.0
    """
    if not 0 < efficiency <= 1:
        raise ValueError(f"efficiency is a share of the signal, above 0 and up to 1, not {efficiency}")
    curve = roc(y, scores, weights)
    k = np.searchsorted(curve.signal, efficiency - 1e-12)  # the sums of weights are rounded
    kept = float(curve.background[k])
    return 1 / kept if kept else np.inf


def confusion(y: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None = None) -> NDArray:
    """How often each true class (row) got each answer (column), for classes 0 … K − 1; summed weights, if given.

    >>> confusion([0, 0, 1, 2], [0, 1, 1, 2])
    array([[1, 1, 0],
           [0, 1, 0],
           [0, 0, 1]])
    """
    y, predicted = _classes(y, "y"), _classes(predicted, "predicted")
    if y.shape != predicted.shape:
        raise ValueError(f"y has {len(y)} entries, predicted {len(predicted)}; they must belong to the same examples")
    K = 1 + max(y.max(), predicted.max())
    w = None if weights is None else _weights(weights, len(y))
    return np.bincount(K * y + predicted, w, minlength=K * K).reshape(K, K)


def reliability(y: ArrayLike, p: ArrayLike, bins: int = 10, weights: ArrayLike | None = None) -> Reliability:
    """Predicted probabilities of signal `p` (N,) against the share of signal, in equal bins from 0 to 1.

    >>> reliability([0, 0, 1, 1], [0.1, 0.3, 0.3, 0.9], bins=2).observed.round(2)
    array([0.33, 1.  ])
    """
    y, p, w = _checked(y, p, weights)
    if p.min() < 0 or p.max() > 1:
        raise ValueError(
            f"p must be probabilities from 0 to 1, not {p.min():.3g} to {p.max():.3g}; take sigmoid(z) of sums"
        )
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    w = np.ones(len(y)) if w is None else w
    place = np.minimum((p * bins).astype(int), bins - 1)
    total, total_p, total_y, squares = (np.bincount(place, v, minlength=bins) for v in (w, w * p, w * y, w * w))
    used = total > 0
    observed = total_y[used] / total[used]
    error = np.sqrt(observed * (1 - observed) * squares[used]) / total[used]
    return Reliability(total_p[used] / total[used], observed, error, total[used])


def calibration_error(y: ArrayLike, p: ArrayLike, bins: int = 10, weights: ArrayLike | None = None) -> float:
    """The expected calibration error: |observed − predicted| of `reliability`, averaged over the examples.

    It is not 0 for a perfect model either: each bin adds its statistical fluctuation.

    >>> round(calibration_error([0, 0, 1, 1], [0.1, 0.3, 0.3, 0.9], bins=2), 3)
    0.1
    """
    r = reliability(y, p, bins, weights)
    return float(np.average(np.abs(r.observed - r.predicted), weights=r.weight))


def bootstrap(
    statistic: Callable[..., float],
    *arrays: ArrayLike,
    rng: np.random.Generator,
    n: int = 500,
    level: float = 0.68,
) -> Interval:
    """`statistic(*arrays)` with the interval that holds the share `level` of `n` replicas.

    A replica draws as many rows as there are, with replacement, the same rows from each array. So a statistic that
    takes the scores of two classifiers compares them on the same examples: a paired bootstrap.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=400)
    >>> abs(bootstrap(np.mean, x, rng=rng).error - 1 / 20) < 0.01
    True
    """
    columns = [np.asarray(a) for a in arrays]
    if not columns or len({len(c) for c in columns}) != 1:
        raise ValueError(f"bootstrap needs arrays of one length, got lengths {[len(c) for c in columns]}")
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a NumPy generator such as np.random.default_rng(seed), got {type(rng).__name__}")
    if n < 2 or not 0 < level < 1:
        raise ValueError(f"n must be at least 2 and level between 0 and 1, not {n} and {level}")
    N = len(columns[0])
    replicas = np.empty(n)
    for k in range(n):
        rows = rng.integers(N, size=N)
        replicas[k] = statistic(*(c[rows] for c in columns))
    low, high = np.quantile(replicas, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    error = replicas.std(ddof=1) if np.isfinite(replicas).all() else np.inf
    return Interval(float(statistic(*columns)), float(low), float(high), float(error), replicas)


def significance(s: ArrayLike, b: ArrayLike, sigma_b: ArrayLike = 0.0) -> Array:
    """The median significance, in standard deviations, with which `s` expected signal events on `b` expected
    background events reveal themselves, if the background is known to ± `sigma_b` (Asimov formula).

    Takes numbers or arrays; b = 0 without an uncertainty gives infinity.

    >>> significance(10, [100, 1], sigma_b=0).round(2)
    array([0.98, 5.72])
    """
    s, b, sigma = np.broadcast_arrays(*(np.asarray(v, float) for v in (s, b, sigma_b)))
    for name, values in [("s", s), ("b", b), ("sigma_b", sigma)]:
        if not np.all(values >= 0):
            raise ValueError(f"{name} must be 0 or positive everywhere, and not NaN")
    with np.errstate(divide="ignore", invalid="ignore"):
        n, variance = s + b, sigma**2
        plain = n * np.log1p(s / b) - s
        known = n * np.log(n * (b + variance) / (b * b + n * variance))
        shifted = known - b * b / variance * np.log1p(variance * s / (b * (b + variance)))
        z = np.sqrt(2 * np.maximum(np.where(variance > 0, shifted, plain), 0))
    return np.where(s == 0, 0.0, z)


def _checked(
    y: ArrayLike, scores: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray[np.bool_], Array, Array | None]:
    """Labels as booleans, scores and weights as floats, all (N,), if a curve can be made of them."""
    y, scores = np.asarray(y), np.asarray(scores, float)
    if y.ndim != 1 or scores.ndim != 1:
        raise ValueError(f"y and scores must be (N,), not {y.shape} and {scores.shape}; take a column with [:, 0]")
    if len(y) != len(scores):
        raise ValueError(f"y has {len(y)} entries and scores {len(scores)}; they must belong to the same examples")
    if np.isnan(scores).any():
        raise ValueError(
            f"{np.isnan(scores).sum()} scores are NaN; find out where they come from before you cut on them"
        )
    signal = y == 1
    if not np.all(signal | (y == 0)):
        other = y[~(signal | (y == 0))][0]
        raise ValueError(f"y must hold 1 for signal and 0 for background, not {other}; make it with (y == k)")
    if signal.all() or not signal.any():
        missing = "signal (y = 1)" if not signal.any() else "background (y = 0)"
        raise ValueError(f"there is no {missing} among the {len(y)} examples; a curve needs both classes")
    if weights is None:
        return signal, scores, None
    w = _weights(weights, len(y))
    if not (w[signal].sum() > 0 and w[~signal].sum() > 0):
        raise ValueError("the weights of one class are all 0; a curve needs both classes")
    return signal, scores, w


def _weights(weights: ArrayLike, n: int) -> Array:
    w = np.asarray(weights, float)
    if w.shape != (n,):
        raise ValueError(f"weights must hold one number per example, shape ({n},), not {w.shape}")
    if not np.all((w >= 0) & (w < np.inf)):
        raise ValueError("weights must be finite and not negative: with negative ones an efficiency can leave 0 to 1")
    return w


def _classes(values: ArrayLike, name: str) -> NDArray[np.integer]:
    array = np.asarray(values)
    if array.dtype.kind == "b":
        array = array.astype(int)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu" or array.min() < 0:
        raise ValueError(f"{name} must hold classes as integers from 0 on, shape (N,); use p.argmax(axis=1) or z > 0")
    return array
