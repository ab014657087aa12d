"""The optimizers, step for step, against PyTorch and Keras."""

import tracemalloc

import numpy as np
import pytest

from course_utils.nn import optimizers as o
from tests.nn.frameworks import import_tensorflow, import_torch

RULES = [o.SGD, o.Momentum, o.Nesterov, o.Adagrad, o.Adadelta, o.RMSprop, o.Adam, o.AdamW]
A = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
START = np.array([1.0, -2.0, 0.5])


def gradient(w, t):
    """The slope of a bowl that moves, so that the rules have something to average."""
    return A @ w + np.sin([t, 2.0 * t, 3.0 * t])


def path(step, slope=gradient, start=START, steps=20):
    """The weights after each of so many calls of step(w, g) → w."""
    w, weights = start, []
    for t in range(steps):
        w = step(w, slope(w, t))
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


def keras_path(make, slope=gradient, start=START, steps=20):
    import_tensorflow()
    import keras

    keras.config.set_floatx("float64")  # otherwise the learning rate is rounded to float32
    try:
        variable = keras.Variable(start, dtype="float64")
        optimizer = make(keras.optimizers)
        optimizer.build([variable])

        def step(w, g):
            optimizer.apply([keras.ops.convert_to_tensor(g)], [variable])
            return variable.value.numpy().copy()

        return path(step, slope, start, steps)
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
        (o.AdamW(), lambda optim, p: optim.AdamW(p)),
        (o.AdamW(0.1, decay=0.5), lambda optim, p: optim.AdamW(p, 0.1, weight_decay=0.5)),
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
        (o.AdamW(0.001, eps=1e-12, decay=5.0), lambda k: k.AdamW(0.001, epsilon=1e-12, weight_decay=5.0)),
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
@pytest.mark.parametrize(
    ("ours", "theirs", "slope", "our_step", "keras_step"),
    [
        # Adam at a slope of ε: g/(g + ε) here, √(1 − β₂) g/(√(1 − β₂) g + ε) there.
        (o.Adam(1.0, eps=1e-7), lambda k: k.Adam(1.0, epsilon=1e-7), 1e-7, 1 / 2, 0.001**0.5 / (0.001**0.5 + 1)),
        # RMSprop: s = 1e-9 beside ε = 1e-7 in the root.
        (
            o.RMSprop(1.0, rho=0.9, eps=1e-7),
            lambda k: k.RMSprop(1.0, rho=0.9, epsilon=1e-7),
            1e-4,
            1e-4 / (1e-9**0.5 + 1e-7),
            1e-4 / 1.01e-7**0.5,
        ),
        # Adagrad: Keras' sum of squares starts at 0.1.
        (o.Adagrad(1.0), lambda k: k.Adagrad(1.0, epsilon=1e-12), 0.1, 1.0, 0.1 / 0.11**0.5),
    ],
)
def test_one_step_shows_where_keras_puts_epsilon_and_starts_its_sum(ours, theirs, slope, our_step, keras_step):
    w = np.zeros(1)
    ours.step(w, np.array([slope]))
    assert -w[0] == pytest.approx(our_step, rel=1e-6)
    keras_w = keras_path(theirs, lambda w, t: np.array([slope]), np.zeros(1), 1)[0, 0]
    assert -keras_w == pytest.approx(keras_step, rel=1e-4)  # Keras rounds β₂ to float32


@pytest.mark.slow
def test_momentum_remembers_slopes_as_in_pytorch_and_not_steps_as_in_keras():
    ours, torch = o.Momentum(0.02), import_torch()
    parameter = torch.nn.Parameter(torch.tensor(START))
    sgd = torch.optim.SGD([parameter], 0.02, momentum=0.9)
    w, v, keras = START.copy(), np.zeros(3), START.copy()
    for t in range(20):
        ours.lr = sgd.param_groups[0]["lr"] = lr = 0.02 if t < 10 else 0.01
        parameter.grad = torch.tensor(gradient(parameter.detach().numpy(), t))
        sgd.step()
        ours.step(w, gradient(w, t))
        v = 0.9 * v - lr * gradient(keras, t)
        keras = keras + v
    assert w == pytest.approx(parameter.detach().numpy(), abs=1e-12)
    assert np.abs(w - keras).max() > 1e-3


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


# ── The learning rate ───────────────────────────────────────────────────────────────────────────────────────

LOSSES = [1.0, 0.9, 0.9, 0.90001, 0.8, 0.79999, 0.9, np.nan, 0.9, 0.7, *[0.7] * 12, 0.1, *[0.2] * 9]


@pytest.mark.slow
@pytest.mark.parametrize("patience", [0, 1, 3])
@pytest.mark.parametrize("lr_min", [0.0, 0.02])
def test_plateau_is_pytorchs(patience, lr_min):
    torch = import_torch()
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(sgd, factor=0.5, patience=patience, min_lr=lr_min, eps=0)
    ours = o.Plateau(0.1, factor=0.5, patience=patience, lr_min=lr_min)
    rates = []
    for loss in LOSSES:
        theirs.step(loss)
        rates.append(ours(loss))
        assert rates[-1] == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-12)
    assert len(set(rates)) > 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras reads its own learning rate
def test_keras_lowers_the_rate_one_epoch_earlier():
    import_tensorflow()
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=3)
    callback.set_model(model)
    callback.on_train_begin()
    ours, first = o.Plateau(0.1, factor=0.5, patience=3), {}
    for epoch in range(6):
        callback.on_epoch_end(epoch, {"loss": 1.0})
        for name, lr in [("Keras", float(model.optimizer.learning_rate)), ("ours", ours(1.0))]:
            if lr < 0.09:
                first.setdefault(name, epoch)
    assert first == {"Keras": 3, "ours": 4}


def test_a_plateau_that_would_raise_the_rate_is_refused():
    with pytest.raises(ValueError, match="factor must lie between 0 and 1"):
        o.Plateau(0.1, factor=10)
    with pytest.raises(ValueError, match="is above the rate to start with"):
        o.Plateau(0.1, lr_min=0.2)


def test_the_range_test_finds_the_largest_stable_rate_of_a_bowl():
    rates, w = np.geomspace(1e-4, 1, 401), np.ones(1)
    losses = o.range_test(lambda w: (25 * w @ w, 50 * w), w, o.SGD(), rates)
    lowest = np.argmin(losses)
    assert rates[lowest - 1] < 2 / 50 <= rates[lowest]
    assert np.array_equal(w, np.ones(1))


@pytest.mark.parametrize("blown_up", [np.inf, np.nan])
def test_the_range_test_ends_where_the_loss_blows_up(blown_up):
    calls = iter([9.0, 8.0, 899.0, blown_up, 5.0])
    losses = o.range_test(lambda w: (next(calls), w), np.ones(2), o.SGD(), [0.1] * 5)
    assert losses.tolist() == [9.0, 8.0, 899.0, np.inf, np.inf]
    assert next(calls) == 5.0  # not asked for


def test_the_range_test_takes_the_steps_of_its_optimizer():
    rates, w = [0.1, 0.2, 0.05], START.copy()
    losses = o.range_test(lambda w: (w @ A @ w / 2, A @ w), w, o.Momentum(beta=0.5), rates)
    expected, v = [], np.zeros(3)
    for lr in rates:
        expected.append(w @ A @ w / 2)
        v = 0.5 * v + A @ w
        w = w - lr * v
    assert losses == pytest.approx(expected, rel=1e-12)


def test_the_range_test_wants_a_new_optimizer():
    adam = o.Adam()
    adam.step(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="make a new one"):
        o.range_test(lambda w: (1.0, w), np.ones(2), adam, [0.1])
