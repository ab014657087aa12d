"""The training loop: PyTorch's steps, the bookkeeping, and what it says about bad input."""

import io
import sys
import tracemalloc
from functools import partial

import numpy as np
import pytest

from course_utils.data import blobs, moons
from course_utils.nn import optimizers as o
from course_utils.nn.layers import Network
from course_utils.nn.losses import accuracy, binary_cross_entropy, cross_entropy, one_hot, squared_error
from course_utils.nn.training import DivergedError, batches, fit
from tests.nn.frameworks import import_torch
from tests.nn.test_layers import torch_twin

X, Y = blobs(210, np.random.default_rng(0))


def net(sizes=(2, 8, 3), **kwargs):
    return Network(list(sizes), np.random.default_rng(1), **kwargs)


def rng():
    return np.random.default_rng(2)


# ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (o.SGD(0.1), lambda optim, p: optim.SGD(p, 0.1)),
        (o.Nesterov(0.05), lambda optim, p: optim.SGD(p, 0.05, momentum=0.9, nesterov=True)),
        (o.Adam(0.01), lambda optim, p: optim.Adam(p, 0.01)),
    ],
)
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_ten_steps_are_pytorchs(ours, theirs, loss, record_property):
    torch = import_torch()
    network = net((2, 8, 5, 3), dtype=np.float64)
    twin = torch_twin(network)
    optimizer = theirs(torch.optim, twin.parameters())
    if loss == "cross_entropy":
        our_loss, their_loss, target = cross_entropy, torch.nn.CrossEntropyLoss(), Y
    else:
        our_loss, their_loss, target = partial(squared_error, over="entries"), torch.nn.MSELoss(), one_hot(Y, 3)
    # 210 examples, 43 at a time: five batches in each of two epochs, the last of them smaller.
    fresh = type(ours)(ours.lr)
    history = fit(network, X, target, rng=rng(), loss=our_loss, optimizer=fresh, epochs=2, batch=43)
    same, losses = rng(), []
    for _ in range(2):
        order, total = same.permutation(len(X)), 0.0
        for i in range(0, len(X), 43):
            rows = order[i : i + 43]
            optimizer.zero_grad()
            L = their_loss(twin(torch.tensor(X[rows])), torch.tensor(target[rows]))
            L.backward()
            optimizer.step()
            total += len(rows) * L.item()
        losses.append(total / len(X))
    linears = [module for module in twin if hasattr(module, "weight")]
    theirs_now = [w for m in linears for w in (m.weight.detach().numpy().T.ravel(), m.bias.detach().numpy())]
    difference = np.abs(network.weights - np.concatenate(theirs_now)).max()
    record_property(f"10 steps of training, {type(ours).__name__}, {loss}, against PyTorch", f"{difference:.1e}")
    assert difference < 1e-12
    assert history.loss == pytest.approx(losses, rel=1e-12)


def test_a_full_batch_is_plain_gradient_descent():
    network, by_hand = net(dtype=np.float64), net(dtype=np.float64)
    fit(network, X, Y, optimizer=o.SGD(0.3), epochs=4, batch=None)
    for _ in range(4):
        _, delta = cross_entropy(by_hand.forward(X), Y)
        by_hand.backward(delta)
        by_hand.weights -= 0.3 * by_hand.gradients
    assert network.weights == pytest.approx(by_hand.weights, rel=1e-13)


@pytest.mark.parametrize("batch", [1, 7, 64, 210, 1000])
def test_every_example_comes_once_per_epoch(batch):
    X = np.arange(210.0)[:, None]
    seen = [(xs.ravel().copy(), ys) for xs, ys in batches(X, np.arange(210), rng(), batch)]
    assert all(np.array_equal(xs, ys) for xs, ys in seen)
    assert sorted(np.concatenate([ys for _, ys in seen])) == list(range(210))
    assert all(len(ys) == min(batch, 210) for _, ys in seen[:-1])


def test_every_batch_lies_in_the_same_memory():
    addresses = {xs.ctypes.data for xs, _ in batches(X, Y, rng(), 50)}
    assert len(addresses) == 1


def test_the_order_is_new_in_each_epoch_and_comes_from_the_seed():
    draw = rng()
    first, second = ([ys.tolist() for _, ys in batches(X, np.arange(210), draw, 50)] for _ in range(2))
    again = [ys.tolist() for _, ys in batches(X, np.arange(210), rng(), 50)]
    assert first == again
    assert first != second
    a, b = net(), net()
    fit(a, X, Y, rng=rng(), epochs=2)
    fit(b, X, Y, rng=rng(), epochs=2)
    assert np.array_equal(a.weights, b.weights)


def test_the_data_are_not_copied():
    X = np.ones((5_000, 500), np.float32)
    X.flags.writeable = False
    network, y = net((500, 8, 3)), np.zeros(5_000, np.intp)
    fit(network, X, y, rng=rng(), epochs=1)
    for batch in (64, None):
        tracemalloc.start()
        fit(network, X, y, rng=rng(), epochs=2, batch=batch)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes / 4


# ── Bookkeeping ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_history_has_an_entry_per_epoch():
    history = fit(net(), X, Y, rng=rng(), epochs=15, optimizer=o.Adam(0.01), validation=(X[:50], Y[:50]))
    lengths = {len(values) for values in vars(history).values()}
    assert lengths == {15}
    assert history.loss[-1] < history.loss[0] / 3
    assert history.val_accuracy[-1] > 0.95
    assert min(history.seconds) > 0


def test_the_validation_is_that_of_the_network_after_the_epoch():
    network = net()
    history = fit(network, X, Y, rng=rng(), epochs=3, validation=(X, Y))
    outputs = network.predict(X)
    assert history.val_loss[-1] == cross_entropy(outputs, Y)[0]
    assert history.val_accuracy[-1] == accuracy(outputs, Y)


def test_without_validation_or_metric_there_is_nothing_to_show():
    history = fit(net(), X, Y, rng=rng(), epochs=2, metric=None)
    assert (history.accuracy, history.val_loss, history.val_accuracy) == ([], [], [])


def test_early_stopping_brings_the_best_weights_back():
    rng_labels = np.random.default_rng(3)
    X_val, y_val = X[:60], rng_labels.integers(0, 3, 60)  # labels by chance: the loss on them soon rises
    network = net(dtype=np.float64)
    history = fit(network, X, Y, rng=rng(), epochs=500, optimizer=o.Adam(0.01), validation=(X_val, y_val), patience=5)
    best = int(np.argmin(history.val_loss))
    assert len(history.loss) == best + 5 + 1 < 500
    assert cross_entropy(network.predict(X_val), y_val)[0] == pytest.approx(min(history.val_loss), rel=1e-12)


def test_without_patience_the_last_weights_stay():
    network = net()
    history = fit(network, X, Y, rng=rng(), epochs=5, validation=(X, Y))
    assert cross_entropy(network.predict(X), Y)[0] == history.val_loss[-1]


def test_dropout_acts_in_training_alone():
    network, plain = net((2, 50, 3), dropout=0.5), net((2, 50, 3))
    start = plain.forward(X).copy()
    network.set_training(False)
    history = fit(network, X, Y, rng=rng(), epochs=1, batch=None, validation=(X, Y))
    assert history.loss[0] != pytest.approx(cross_entropy(start, Y)[0])
    assert history.val_loss[0] == cross_entropy(network.predict(X), Y)[0]
    assert not network.training
    assert np.array_equal(network.forward(X[:100]), network.predict(X[:100]))


def test_dropout_leaves_the_order_of_the_batches_as_it_is():
    orders = []
    for dropout in (0.0, 0.5):
        same, seen = rng(), []
        network = Network([2, 8, 3], same, dropout=dropout)

        def loss(Z, y, out=None, seen=seen):
            seen.append(y.copy())
            return cross_entropy(Z, y, out=out)

        fit(network, X, Y, rng=same, epochs=2, loss=loss)
        orders.append(np.concatenate(seen))
    assert np.array_equal(*orders)


def test_a_schedule_sets_the_learning_rate_of_each_epoch():
    seen = []

    class Spy(o.SGD):
        def update(self, w, g):
            seen.append(self.lr)
            super().update(w, g)

    fit(net(), X, Y, rng=rng(), epochs=4, batch=105, optimizer=Spy(7.0), schedule=o.step_decay(0.1, 0.5, every=2))
    assert seen == [0.1] * 4 + [0.05] * 4


def test_two_classes_with_one_output():
    X, y = moons(300, np.random.default_rng(4))
    network = net((2, 16, 16, 1), hidden="tanh", init="glorot")
    history = fit(network, X, y[:, None], rng=rng(), loss=binary_cross_entropy, optimizer=o.Adam(0.02), epochs=60)
    assert history.accuracy[-1] > 0.97


def test_regression_with_squared_error():
    x = np.linspace(-2, 2, 200)[:, None]
    network = net((1, 32, 1), hidden="tanh", dtype=np.float64)
    history = fit(
        network, x, np.sin(2 * x), rng=rng(), loss=squared_error, optimizer=o.Adam(0.01), epochs=200, metric=None
    )
    assert history.loss[-1] < 1e-3


def test_nothing_is_printed_into_a_notebook_or_file(capsys):
    fit(net(), X, Y, rng=rng(), epochs=2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("patience", [None, 1])
def test_a_terminal_sees_a_bar_that_vanishes(monkeypatch, patience):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    y_val = np.random.default_rng(3).integers(0, 3, len(X))
    fit(net(), X, Y, rng=rng(), epochs=40, optimizer=o.Adam(0.1), validation=(X, y_val), patience=patience)
    assert "epoch 2/40" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\033[K")


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────────────


def test_steps_that_are_too_long_stop_with_the_next_step():
    with pytest.raises(DivergedError, match=r"epoch \d+: the steps are too long .* try lr=10 instead of 1e\+02"):
        fit(net(), 100 * X, one_hot(Y, 3), rng=rng(), loss=squared_error, optimizer=o.SGD(100.0), epochs=50)


def test_data_with_nan_are_named():
    bad = X.copy()
    bad[17, 1] = np.nan
    with pytest.raises(DivergedError, match="X holds NaN or infinity, first in row 17"):
        fit(net(), bad, Y, rng=rng())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": X[:, :1]}, r"shape \(N, 2\), one example per row, not \(210, 1\)"),
        ({"X": X.reshape(210, 2, 1)}, r"X\.reshape\(len\(X\), -1\)"),
        ({"y": Y[:100]}, "X has 210 rows, y has 100"),
        ({"X": X[:0], "y": Y[:0]}, "no rows"),
        ({"y": Y + 1}, "label 3 is out of range: 3 outputs have the labels 0 to 2"),
        ({"y": Y.astype(float)}, r"y\.astype\(int\)"),
        ({"loss": squared_error}, r"use one_hot\(y, 3\)"),
        ({"y": one_hot(Y, 4)[:, :4]}, "one probability per class"),
        ({"validation": (X, Y + 1)}, "label 3 is out of range"),
        ({"validation": (X[:, :1], Y)}, r"shape \(N, 2\)"),
        ({"patience": 3}, "patience needs validation"),
        ({"rng": None}, "rng=np.random.default_rng"),
        ({"batch": 0}, "batch ≥ 1"),
    ],
)
def test_bad_input_is_refused_before_the_first_step(change, words):
    network = net()
    before = network.weights.copy()
    arguments = {"X": X, "y": Y, "rng": rng()} | change
    with pytest.raises(ValueError, match=words):
        fit(network, arguments.pop("X"), arguments.pop("y"), **arguments)
    assert np.array_equal(network.weights, before)


def test_importing_the_loop_imports_no_framework():
    from tests.test_imports import FRAMEWORKS, imported_by

    modules, _ = imported_by("course_utils.nn.training, course_utils.nn.autodiff")
    assert "course_utils" in modules
    assert modules & FRAMEWORKS == set()
