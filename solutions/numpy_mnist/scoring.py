"""Scores the challenge where no student's code runs: the weights come out of the sandbox, the labels stay here."""

import numpy as np

from course_utils import data
from course_utils.challenge import SHAPES, EntryError, predict
from course_utils.checks import CheckFailed, check_between

RENAMED = np.random.default_rng(987).permutation(10)  # as in the hidden test of the notebook


def test_train(weights):
    """The network, trained on mirrored digits with other labels, reads the mirrored test digits."""
    for name, shape in SHAPES.items():
        assert weights[name].shape == shape, f"{name} has shape {weights[name].shape}, not {shape}"
    _, _, images, labels = data.mnist()
    try:
        answers = predict(weights, np.swapaxes(images, 1, 2))
    except EntryError as error:
        raise CheckFailed(str(error)) from None
    check_between(
        np.mean(answers == RENAMED[labels]),
        0.93,
        1.0,
        name="accuracy on mirrored digits with other labels",
        slack=0.01,
        hint="train must learn from the X and y that it is given, whatever they are.",
    )
