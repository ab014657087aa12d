"""benchmarks/numpy_mnist_repairs.py: the parts that its tables rest on."""

from functools import partial

import numpy as np
import pytest

from benchmarks import numpy_mnist_repairs as repairs
from course_utils.nn.layers import Network
from course_utils.nn.losses import cross_entropy, one_hot, squared_error
from course_utils.nn.optimizers import SGD
from course_utils.nn.training import fit

RNG = np.random.default_rng(0)
X = RNG.random((3000, 784), dtype=np.float32) * (RNG.random((3000, 784)) < 0.2)
Y = RNG.integers(0, 10, 3000)


def test_shifts_are_rolls_of_images_with_an_empty_frame():
    images = np.zeros((5, 28, 28), np.float32)
    images[:, 2:-2, 2:-2] = RNG.random((5, 24, 24))
    views = repairs.shifted(images.reshape(5, 784))
    assert len({view.base.ctypes.data for view in views}) == 1
    moves = [(down, across) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    for view, move in zip(views, moves, strict=True):
        assert np.array_equal(view.reshape(5, 28, 28), np.roll(images, move, axis=(1, 2)))


@pytest.mark.parametrize(
    ("loss", "targets"),
    [(cross_entropy, Y), (partial(squared_error, over="entries"), one_hot(Y, 10).astype(np.float32))],
)
def test_a_step_in_pieces_is_the_step_on_all(loss, targets):
    whole, pieces = (Network([784, 16, 16, 10], np.random.default_rng(1)) for _ in range(2))
    fit(whole, X, targets, loss=loss, optimizer=SGD(0.1), epochs=3, batch=None)
    for _ in range(3):
        repairs.step_on_all(pieces, X, targets, loss, SGD(0.1))
    assert np.abs(whole.weights - pieces.weights).max() < 1e-5
    assert np.abs(whole.weights - Network([784, 16, 16, 10], np.random.default_rng(1)).weights).max() > 1e-3


def test_each_stage_changes_what_it_says():
    changed = {
        "linear output": {"output"},
        "softmax, cross-entropy": {"loss"},
        "He weights": {"init"},
        "mini-batches of 64": {"batch", "epochs"},
        "Adam": {"optimizer", "lr"},
        "decaying rate": {"decay"},
        "784-256-128-10": {"hidden", "batch", "lr", "decay"},
        "one-pixel shifts": {"shifts"},
        "smoothed labels": {"smooth"},
    }
    recipes = list(repairs.STAGES.values())
    for before, (stage, after) in zip(recipes, list(repairs.STAGES.items())[1:], strict=False):
        differ = {name for name, value in vars(after).items() if value != vars(before)[name]}
        assert differ == changed[stage]


def test_rates():
    assert repairs.rate(repairs.SCHEDULE, 2) == pytest.approx(0.004 * np.exp(-0.3))
    assert [repairs.rate(repairs.WIDE, t) for t in (0, 10)] == pytest.approx([0.003, 0.0015])


def test_selection_never_sees_the_test_images(tmp_path, monkeypatch):
    seen = []
    full = (np.arange(60_000), np.arange(60_000), "test images", "test labels")
    monkeypatch.setattr(repairs, "data", lambda: full)
    monkeypatch.setattr(repairs, "line", lambda recipe, split, seed: seen.append(split) or {"accuracy": 1})
    repairs.select(1, tmp_path / "table.csv")
    assert len(seen) == len(repairs.CANDIDATES)
    for X_train, _, X_unseen, y_unseen in seen:
        assert X_train[-1] + 1 == X_unseen[0] == 50_000
        assert len(y_unseen) == repairs.N_VALIDATION
    repairs.select(1, tmp_path / "table.csv")
    assert len(seen) == len(repairs.CANDIDATES)
