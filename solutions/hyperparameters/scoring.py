"""Scores the search where no student's code runs: the points come out of the sandbox, the losses are made here."""

import functools
import itertools

import numpy as np

from course_utils import data
from course_utils.checks import CheckFailed, check_between
from course_utils.nn.layers import Network
from course_utils.nn.losses import cross_entropy
from course_utils.nn.optimizers import Momentum
from course_utils.search import LossTable

SEEDS = range(5001, 5031)  # as in the hidden test of the notebook
NODES = {"lr": np.logspace(-5, 2, 12), "damping": np.logspace(-3, 0, 5), "scale": np.logspace(-2, 2, 6)}


@functools.cache
def measured() -> LossTable:
    """The losses of networks that are trained as in the notebook."""
    jets = data.jets()
    mean, std = jets.X_train.mean(axis=0), jets.X_train.std(axis=0)
    X, X_validation = (((X[:1000] - mean) / std).astype(np.float32) for X in (jets.X_train, jets.X_validation))
    losses = []
    for lr, damping, scale in itertools.product(*NODES.values()):
        rng = np.random.default_rng(0)
        network, rule = Network([27, 16, 5], rng, hidden="tanh"), Momentum(lr, 1 - damping)
        network.weights *= scale
        with np.errstate(all="ignore"):
            for rows in rng.integers(0, 1000, (30, 100)):
                _, delta = cross_entropy(network.forward(X[rows]), jets.y_train[rows])
                network.backward(delta)
                rule.step(network.weights, network.gradients)
            loss = cross_entropy(network.predict(X_validation), jets.y_validation[:1000])[0]
        losses.append(min(loss, np.log(5)) if np.isfinite(loss) else np.log(5))
    return LossTable(NODES, np.reshape(losses, (12, 5, 6)))


def test_search(handed):
    """Thirty points, each found with the axes arranged in its own way, have a low regret."""
    points = handed["points"]
    if points.shape != (30, 3) or not ((points >= 0) & (points <= 1)).all():
        raise CheckFailed("expected thirty points of three numbers from 0 to 1")
    table, regrets = measured(), []
    for seed, u in zip(SEEDS, points, strict=True):
        rng = np.random.default_rng(seed)
        regrets.append(table(np.abs(u - rng.integers(0, 2, 3))[rng.permutation(3)]) - table.best)
    check_between(
        np.median(regrets),
        None,
        0.1,
        name="the median regret of what search finds with other axes",
        slack=0.005,
        hint="search must search anew, with the f that it is given, wherever the low losses are.",
    )
