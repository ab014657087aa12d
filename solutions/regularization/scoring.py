"""Scores the training on 300 jets where no student's code runs: the weights come out of the sandbox, the jets stay."""

import numpy as np

from course_utils import data
from course_utils.checks import CheckFailed, check_between
from course_utils.nn.layers import Network
from course_utils.nn.losses import cross_entropy

SIZES, N_WEIGHTS = [27, 100, 100, 5], 13_405
# As in the hidden test of the notebook.
ORDER, RENAMED = np.random.default_rng(1010).permutation(27), np.random.default_rng(101).permutation(5)


def loss_on_unseen_jets(weights):
    """The loss of a network with these weights on jets that the notebook leaves out, named as in its test."""
    jets = data.jets()
    X_rest, y_rest = np.concatenate([jets.X_validation, jets.X_test]), np.concatenate([jets.y_validation, jets.y_test])
    X = ((X_rest[1::2] - jets.X_train.mean(axis=0)) / jets.X_train.std(axis=0)).astype(float)
    network = Network(SIZES, np.random.default_rng(0))
    network.weights[:] = weights
    return cross_entropy(network.predict(X[:, ORDER]), RENAMED[y_rest[1::2]])[0]


def test_train(handed):
    """Three networks, trained with features and classes in another order, know jets that they have not seen."""
    weights = handed["weights"]
    if weights.shape != (3, N_WEIGHTS) or not np.isfinite(weights).all():
        raise CheckFailed("expected the finite weights of three networks of 27-100-100-5 neurons")
    check_between(
        np.mean([loss_on_unseen_jets(w) for w in weights]),
        None,
        0.97,
        name="the mean loss on unseen jets",
        slack=0.01,
        hint="train must learn from the X and y that it is given, whatever the order of features and classes.",
    )
