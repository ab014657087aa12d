"""The losses against central differences, PyTorch, and each other."""

from functools import partial

import numpy as np
import pytest

from course_utils.checks import check_gradient
from course_utils.nn import losses
from tests.nn.frameworks import import_torch

RNG = np.random.default_rng(0)
Z = 2 * RNG.normal(size=(7, 4))
LABELS = RNG.integers(0, 4, 7)
SOFT = losses.softmax(RNG.normal(size=(7, 4)))
COIN = RNG.integers(0, 2, (7, 4)).astype(float)

CASES = {
    "squared error over examples": (losses.squared_error, SOFT),
    "squared error, summed": (partial(losses.squared_error, over="sum"), SOFT),
    "squared error over entries": (partial(losses.squared_error, over="entries"), SOFT),
    "cross-entropy of labels": (losses.cross_entropy, LABELS),
    "cross-entropy of probabilities": (losses.cross_entropy, SOFT),
    "cross-entropy of weights that do not add up to 1": (losses.cross_entropy, 3 * SOFT),
    "binary cross-entropy": (losses.binary_cross_entropy, COIN),
}


@pytest.mark.parametrize("name", CASES)
def test_delta_agrees_with_central_differences(name):
    loss, y = CASES[name]
    check_gradient(lambda z: loss(z, y)[0], Z, loss(Z, y)[1], n_examples=len(Z))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_loss_and_delta_are_pytorchs(name):
    torch = import_torch()
    F = torch.nn.functional
    theirs = {
        "squared error over examples": lambda z, y: F.mse_loss(z, y, reduction="sum") / 2 / len(Z),
        "squared error, summed": lambda z, y: F.mse_loss(z, y, reduction="sum") / 2,
        "squared error over entries": F.mse_loss,
        # PyTorch averages over all outputs, of which there is one here in the course.
        "binary cross-entropy": lambda z, y: F.binary_cross_entropy_with_logits(z, y) * Z.shape[1],
    }
    loss, y = CASES[name]
    z = torch.tensor(Z, requires_grad=True)
    expected = theirs.get(name, F.cross_entropy)(z, torch.tensor(y))
    expected.backward()
    value, delta = loss(Z, y)
    assert value == pytest.approx(expected.item(), rel=1e-13)
    assert delta == pytest.approx(z.grad.numpy(), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_delta_can_be_written_into_memory_that_is_there(name, dtype):
    loss, y = CASES[name]
    z, out = Z.astype(dtype), np.empty(Z.shape, dtype)
    value, delta = loss(z, y, out=out)
    assert delta is out
    assert isinstance(value, float)
    assert np.array_equal(z, Z.astype(dtype))
    assert delta == pytest.approx(loss(Z, y)[1], abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_whole_numbers_count_as_floats(name):
    loss, y = CASES[name]
    z = np.rint(Z).astype(int)
    assert loss(z, y)[0] == loss(z.astype(float), y)[0]
    assert loss(z.tolist(), y.tolist())[0] == loss(z.astype(float), y)[0]


@np.errstate(all="raise", under="ignore")
def test_large_sums_neither_overflow_nor_lose_the_loss():
    loss, delta = losses.cross_entropy([[1e4, 0.0], [0.0, 1e4]], [0, 0])
    assert loss == 5e3
    assert delta.tolist() == [[0, 0], [-0.5, 0.5]]
    loss, delta = losses.binary_cross_entropy([1e4, -1e4], [0, 0])
    assert loss == 5e3
    assert delta.tolist() == [0.5, 0]
    assert losses.softmax([[1e4, 0.0]]).tolist() == [[1, 0]]


def test_two_classes_are_one_coin():
    z = RNG.normal(size=9)
    y = RNG.integers(0, 2, 9)
    two = losses.cross_entropy(np.column_stack([np.zeros(9), z]), y)
    one = losses.binary_cross_entropy(z, y)
    assert two[0] == pytest.approx(one[0])
    assert two[1][:, 1] == pytest.approx(one[1])


def test_labels_and_one_hot_rows_are_the_same():
    by_label, by_row = losses.cross_entropy(Z, LABELS), losses.cross_entropy(Z, losses.one_hot(LABELS, 4))
    assert by_label[0] == pytest.approx(by_row[0], rel=1e-14)
    assert by_label[1] == pytest.approx(by_row[1], abs=1e-16)


def test_accuracy_counts_right_answers():
    assert losses.accuracy([[2, 1], [0, 3], [5, 4]], [0, 1, 1]) == pytest.approx(2 / 3)
    assert losses.accuracy([[2, 1], [0, 3]], [[1, 0], [0, 1]]) == 1
    assert losses.accuracy([[-1.0], [2.0]], [[0], [1]]) == 1
    assert losses.accuracy([0.2, 0.7], [0, 1], threshold=0.5) == 1
    assert losses.accuracy([0.2, 0.7], [0, 1]) == 0.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: losses.squared_error(Z, LABELS), r"use one_hot\(y, 4\)"),
        (lambda: losses.squared_error(Z[:, :1], SOFT[:, 0]), r"use y\[:, None\]"),
        (lambda: losses.squared_error(Z, SOFT[:3]), "must be the same"),
        (lambda: losses.squared_error(Z, SOFT, over="example"), "Did you mean examples"),
        (lambda: losses.cross_entropy(Z, LABELS[:3]), r"one label per row \(7,\)"),
        (lambda: losses.cross_entropy(Z, LABELS + 1), "label 4 is out of range: 4 outputs have the labels 0 to 3"),
        (lambda: losses.cross_entropy(Z, LABELS - 4), "label -3 is out of range"),
        (lambda: losses.cross_entropy(Z, LABELS.astype(float)), r"use y\.astype\(int\)"),
        (lambda: losses.cross_entropy(Z[0], LABELS), r"shape \(N, K\)"),
        (lambda: losses.binary_cross_entropy(Z, 2 * COIN), "between 0 and 1"),
        (lambda: losses.binary_cross_entropy(Z[:, :1], COIN[:, 0]), r"use y\[:, None\]"),
        (lambda: losses.one_hot([0, 3], 3), "label 3 is out of range"),
        (lambda: losses.accuracy([[0.3], [0.4]], [0.3, 0.5]), "metric=None"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_next_step(call, words):
    with pytest.raises(ValueError, match=words):
        call()
