"""The optimizers, step for step, against PyTorch and Keras."""

import tracemalloc

import numpy as np
import pytest

from course_utils.nn import optimizers as o
from tests.nn.frameworks import import_tensorflow, import_torch

RULES = [o.SGD, o.Momentum, o.Nesterov, o.Adagrad, o.Adadelta, o.RMSprop, o.Adam]
A = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
START = np.array([1.0, -2.0, 0.5])


def gradient(w, t):
    """The slope of a bowl that moves, so that the rules have something to average."""
    return A @ w + np.sin([t, 2.0 * t, 3.0 * t])


def path(step, steps=20):
    """The weights after each of so many calls of step(w, g) → w."""
    w, weights = START, []
    for t in range(steps):
        w = step(w, gradient(w, t))
        weights.append(w)
    return np.array(weights)


def our_path(optimizer):
    """The path of an optimizer that has not taken a step yet."""

    def step(w, g):
        w = w.copy()
        optimizer.step(w, g)
        return w

    return path(step)


def torch_path(make):
    torch = import_torch()
    parameter = torch.nn.Parameter(torch.tensor(START))
    optimizer = make(torch.optim, [parameter])

    def step(w, g):
        parameter.grad = torch.tensor(g)
        optimizer.step()
        return parameter.detach().numpy().copy()

    return path(step)


def keras_path(make):
    import_tensorflow()
    import keras

    keras.config.set_floatx("float64")  # otherwise the learning rate is rounded to float32
    try:
        variable = keras.Variable(START, dtype="float64")
        optimizer = make(keras.optimizers)
        optimizer.build([variable])

        def step(w, g):
            optimizer.apply([keras.ops.convert_to_tensor(g)], [variable])
            return variable.value.numpy().copy()

        return path(step)
    finally:
        keras.config.set_floatx("float32")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (o.SGD(0.1), lambda optim, p: optim.SGD(p, 0.1)),
        (o.Momentum(0.05), lambda optim, p: optim.SGD(p, 0.05, momentum=0.9)),
        (o.Momentum(0.05, beta=0.5), lambda optim, p: optim.SGD(p, 0.05, momentum=0.5)),
        (o.Nesterov(0.05), lambda optim, p: optim.SGD(p, 0.05, momentum=0.9, nesterov=True)),
        (o.Adagrad(), lambda optim, p: optim.Adagrad(p)),
        (o.Adagrad(0.3, eps=0.1), lambda optim, p: optim.Adagrad(p, 0.3, eps=0.1)),
        (o.Adadelta(), lambda optim, p: optim.Adadelta(p)),
        (o.Adadelta(0.7, rho=0.8, eps=0.01), lambda optim, p: optim.Adadelta(p, 0.7, rho=0.8, eps=0.01)),
        (o.RMSprop(), lambda optim, p: optim.RMSprop(p)),
        (o.RMSprop(0.1, rho=0.8, eps=0.1), lambda optim, p: optim.RMSprop(p, 0.1, alpha=0.8, eps=0.1)),
        (o.Adam(), lambda optim, p: optim.Adam(p)),
        (o.Adam(0.1, 0.8, 0.95, eps=0.1), lambda optim, p: optim.Adam(p, 0.1, betas=(0.8, 0.95), eps=0.1)),
    ],
)
def test_twenty_steps_are_pytorchs(ours, theirs, record_property):
    difference = np.abs(our_path(ours) - torch_path(theirs)).max()
    record_property(f"20 steps of {type(ours).__name__}, lr {ours.lr}, against PyTorch", f"{difference:.1e}")
    assert difference < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (o.SGD(0.1), lambda k: k.SGD(0.1)),
        (o.Momentum(0.05), lambda k: k.SGD(0.05, momentum=0.9)),
        (o.Nesterov(0.05), lambda k: k.SGD(0.05, momentum=0.9, nesterov=True)),
        (o.Adadelta(0.7, rho=0.8, eps=0.01), lambda k: k.Adadelta(0.7, rho=0.8, epsilon=0.01)),
        # These place ε elsewhere: the paths agree where it is small beside the slopes.
        (o.Adagrad(0.1, eps=1e-12), lambda k: k.Adagrad(0.1, initial_accumulator_value=0.0, epsilon=1e-12)),
        (o.RMSprop(0.01, rho=0.9, eps=1e-12), lambda k: k.RMSprop(0.01, rho=0.9, epsilon=1e-12)),
        (o.Adam(0.001, eps=1e-12), lambda k: k.Adam(0.001, epsilon=1e-12)),
    ],
)
def test_twenty_steps_are_keras_where_the_conventions_agree(ours, theirs, record_property):
    difference = np.abs(our_path(ours) - keras_path(theirs)).max()
    record_property(f"20 steps of {type(ours).__name__}, lr {ours.lr}, against Keras", f"{difference:.1e}")
    assert difference < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (o.Adagrad(0.1), lambda k: k.Adagrad(0.1)),
        (o.RMSprop(0.01, rho=0.9, eps=0.1), lambda k: k.RMSprop(0.01, rho=0.9, epsilon=0.1)),
        (o.Adam(0.001, eps=0.1), lambda k: k.Adam(0.001, epsilon=0.1)),
    ],
)
def test_keras_differs_where_the_module_says_so(ours, theirs):
    assert np.abs(our_path(ours) - keras_path(theirs)).max() > 1e-4


@pytest.mark.slow
def test_the_schedules_are_pytorchs():
    torch = import_torch()
    schedulers = torch.optim.lr_scheduler
    pairs = [
        (o.step_decay(0.1, 0.3, every=4), lambda sgd: schedulers.StepLR(sgd, 4, 0.3)),
        (o.exponential_decay(0.1, 0.2), lambda sgd: schedulers.ExponentialLR(sgd, np.exp(-0.2))),
        (o.inverse_decay(0.1, 0.2), lambda sgd: schedulers.LambdaLR(sgd, lambda t: 1 / (1 + 0.2 * t))),
    ]
    for ours, make in pairs:
        sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        scheduler = make(sgd)
        for t in range(12):
            assert ours(t) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-12)
            sgd.step()
            scheduler.step()


@pytest.mark.parametrize("rule", RULES)
def test_blocks_do_not_change_the_result(rule, monkeypatch):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(7, 5)), rng.normal(size=(4, 7, 5))
    results = []
    for block in (4, 10_000):
        monkeypatch.setattr(o, "BLOCK", block)
        w, optimizer = start.copy(), rule()
        for g in gradients:
            optimizer.step(w, g)
        results.append(w)
    assert np.array_equal(*results)
    assert not np.array_equal(results[0], start)


@pytest.mark.parametrize("rule", RULES)
def test_a_step_takes_no_memory_of_the_size_of_the_weights(rule):
    w, g = np.ones(500_000, np.float32), np.ones(500_000, np.float32)
    optimizer = rule()
    optimizer.step(w, g)
    tracemalloc.start()
    optimizer.step(w, g)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert w.dtype == np.float32
    assert all(state.dtype == np.float32 for state in optimizer.state)
    assert peak < w.nbytes / 5


def test_a_learning_rate_from_an_array_does_not_widen_the_arithmetic():
    optimizer = o.SGD(np.logspace(-3, 0, 4)[1])
    assert type(optimizer.lr) is float


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: o.SGD(-0.1), "must be positive, not -0.1"),
        (lambda: o.Adam(np.nan), "must be positive, not nan"),
        (lambda: o.SGD().step(np.ones(3), np.ones(4)), r"shape \(4,\), the weights \(3,\)"),
        (lambda: o.SGD().step(np.ones((4, 4))[:, 0], np.ones(4)), "contiguous"),
        (lambda: o.SGD().step(np.ones(3, int), np.ones(3)), "floats"),
        (lambda: o.SGD().step([1.0, 2.0], [0.1, 0.2]), "NumPy array"),
    ],
)
def test_what_cannot_be_stepped_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_an_optimizer_belongs_to_one_array_of_weights():
    adam = o.Adam()
    adam.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="has 3 weights in memory, not 4: make a new one"):
        adam.step(np.ones(4), np.ones(4))
