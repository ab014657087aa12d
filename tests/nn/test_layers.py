"""Layers and networks against central differences and PyTorch; and how they keep their memory."""

import tracemalloc

import numpy as np
import pytest

from course_utils.checks import check_gradient
from course_utils.nn import activations
from course_utils.nn import layers as nn
from course_utils.nn.losses import cross_entropy, one_hot, squared_error
from tests.nn.frameworks import import_torch


def network(hidden="tanh", output="identity", dtype=np.float64, sizes=(5, 4, 3), **kwargs):
    return nn.Network(list(sizes), np.random.default_rng(0), hidden=hidden, output=output, dtype=dtype, **kwargs)


def torch_twin(net):
    """The same network, with the same weights, in PyTorch."""
    torch = import_torch()
    modules = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid, "identity": torch.nn.Identity}
    twin = []
    for k, dense in enumerate(net.dense):
        linear = torch.nn.Linear(*dense.W.shape, dtype=getattr(torch, str(net.dtype)))
        linear.weight.data = torch.tensor(dense.W.T.copy())
        linear.bias.data = torch.tensor(dense.b.copy())
        twin += [linear, modules[net.output if k == len(net.dense) - 1 else net.hidden]()]
    return torch.nn.Sequential(*twin)


# ── Gradients ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_each_activation_agrees_with_central_differences(name, capsys):
    rng = np.random.default_rng(1)
    layer, Z, C = nn.activation(name), rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    layer.forward(Z)
    check_gradient(lambda z: np.sum(C * layer.forward(z)), Z, layer.backward(C).copy())
    assert "passed" in capsys.readouterr().out


def test_dense_agrees_with_central_differences():
    rng = np.random.default_rng(2)
    layer, C = nn.Dense(4, 3, rng), rng.normal(size=(6, 3))
    X = rng.normal(size=(6, 4))
    layer.forward(X)
    dX = layer.backward(C).copy()

    def loss(p):
        return np.sum(C * (p["X"] @ p["W"] + p["b"]))

    check_gradient(loss, {"X": X, "W": layer.W, "b": layer.b}, {"X": dX, "W": layer.dW, "b": layer.db})


@pytest.mark.parametrize("hidden", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("output", ["identity", "relu", "sigmoid"])
@pytest.mark.parametrize("loss", [cross_entropy, squared_error])
def test_whole_networks_agree_with_central_differences(hidden, output, loss):
    rng = np.random.default_rng(3)
    net, X, y = network(hidden, output, sizes=(5, 6, 4, 3)), rng.normal(size=(8, 5)), rng.integers(0, 3, 8)
    target = y if loss is cross_entropy else one_hot(y, 3)
    _, delta = loss(net.forward(X), target)
    net.backward(delta)
    grad, start = net.gradients.copy(), net.weights.copy()

    def loss_of(weights):
        net.weights[:] = weights
        return loss(net.forward(X), target)[0]

    check_gradient(loss_of, start, grad, n_examples=8)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize(("hidden", "output"), [("relu", "identity"), ("tanh", "sigmoid"), ("sigmoid", "relu")])
def test_the_gradients_are_pytorchs(hidden, output, dtype, tolerance):
    torch = import_torch()
    net = network(hidden, output, dtype=dtype, sizes=(7, 6, 5, 4))
    twin = torch_twin(net)
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(9, 7)).astype(dtype), rng.integers(0, 4, 9)
    Y_hat = net.forward(X)
    loss, delta = cross_entropy(Y_hat, y)
    net.backward(delta)
    loss_twin = torch.nn.functional.cross_entropy(twin(torch.tensor(X)), torch.tensor(y))
    loss_twin.backward()
    assert loss == pytest.approx(loss_twin.item(), rel=tolerance)
    for dense, linear in zip(net.dense, [m for m in twin if hasattr(m, "weight")], strict=True):
        assert dense.dW == pytest.approx(linear.weight.grad.numpy().T, rel=tolerance, abs=tolerance)
        assert dense.db == pytest.approx(linear.bias.grad.numpy(), rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("name", activations.FUNCTIONS)
def test_a_pair_of_functions_makes_a_layer(name):
    rng = np.random.default_rng(1)
    layer, Z, C = nn.Elementwise(activations.FUNCTIONS[name]), rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    assert np.array_equal(layer.forward(Z), activations.FUNCTIONS[name].g(Z))
    check_gradient(lambda z: np.sum(C * layer.forward(z)), Z, layer.backward(C))
    Z = Z.astype(np.float32)
    assert layer.forward(Z).dtype == np.float32
    assert layer.backward(Z).dtype == np.float32


def test_a_layer_names_what_an_optimizer_has_to_update():
    dense = nn.Dense(3, 2, np.random.default_rng(0))
    dense.forward(np.ones((4, 3)))
    dense.backward(np.ones((4, 2)))
    (W, dW), (b, db) = dense.parameters()
    assert W is dense.W
    assert b is dense.b
    assert dW is dense.dW
    assert db is dense.db
    assert nn.ReLU().parameters() == []


def test_the_sigmoid_neither_overflows_nor_loses_its_ends():
    Z = np.array([[-1e4, -30.0, 0.0, 30.0, 1e4]])
    with np.errstate(all="raise", under="ignore"):
        assert nn.Sigmoid().forward(Z) == pytest.approx(
            np.array([[0, np.exp(-30), 0.5, 1 - np.exp(-30), 1]]), abs=1e-15
        )


# ── Memory ──────────────────────────────────────────────────────────────────────────────────────────────────


def training_step(net, X, y, delta):
    cross_entropy(net.forward(X), y, out=delta)
    net.backward(delta)


@pytest.mark.parametrize("hidden", ["relu", "sigmoid", "tanh"])
def test_a_step_reuses_its_memory(hidden):
    net = network(hidden, dtype=np.float32, sizes=(784, 64, 32, 10))
    X, y = np.ones((2048, 784), np.float32), np.arange(2048) % 10
    delta = np.empty((2048, 10), np.float32)
    training_step(net, X, y, delta)
    before = {id(layer): {name: array.ctypes.data for name, array in layer._kept.items()} for layer in net.layers}
    tracemalloc.start()
    for _ in range(3):
        training_step(net, X, y, delta)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    after = {id(layer): {name: array.ctypes.data for name, array in layer._kept.items()} for layer in net.layers}
    assert after == before
    assert any(before.values())
    smallest = net.layers[3].A.nbytes
    assert peak < smallest / 2  # the buffers within NumPy, of 8192 numbers, do not grow with the batch


def test_a_smaller_batch_uses_the_memory_of_the_larger():
    net = network()
    rng = np.random.default_rng(5)
    X = rng.normal(size=(8, 5))
    whole = net.forward(X).copy()
    addresses = [dense._kept["Z"].ctypes.data for dense in net.dense]
    assert np.array_equal(net.forward(X[:3]), whole[:3])
    assert [dense._kept["Z"].ctypes.data for dense in net.dense] == addresses


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_what_comes_in_is_not_changed(name):
    layer = nn.activation(name)
    Z, delta = np.linspace(-2, 2, 12).reshape(3, 4), np.ones((3, 4))
    Z_before, delta_before = Z.copy(), delta.copy()
    layer.forward(Z)
    layer.backward(delta)
    assert np.array_equal(Z, Z_before)
    assert np.array_equal(delta, delta_before)


def test_all_weights_are_views_of_one_vector():
    net = network()
    assert all(np.shares_memory(w, net.weights) for dense in net.dense for w in (dense.W, dense.b))
    assert all(np.shares_memory(w, net.gradients) for dense in net.dense for w in (dense.dW, dense.db))
    assert net.weights.size == 5 * 4 + 4 + 4 * 3 + 3
    net.weights[:] = np.arange(net.weights.size)
    assert net.dense[0].W[0].tolist() == [0, 1, 2, 3]
    assert net.dense[1].b.tolist() == [36, 37, 38]


def test_predict_gives_new_memory_and_takes_many_rows():
    net = network()
    X = np.random.default_rng(6).normal(size=(2 * nn.CHUNK + 7, 5))
    first = net.predict(X)
    kept = first.copy()
    net.predict(-X)
    assert np.array_equal(first, kept)
    assert net.forward(X) == pytest.approx(first, rel=1e-12)
    assert net.predict(X[:0]).shape == (0, 3)


# ── The start ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_initial_weights_have_the_variance_that_their_name_promises():
    rng = np.random.default_rng(7)
    W, b = nn.he(400, 300, rng)
    assert W.var() == pytest.approx(2 / 400, rel=0.02)
    assert not b.any()
    W, b = nn.glorot(400, 300, rng)
    assert W.var() == pytest.approx(2 / 700, rel=0.02)
    assert not b.any()
    W, b = nn.uniform(400, 300, rng)
    assert W.var() == pytest.approx(1 / 12, rel=0.02)
    assert np.abs(W).max() <= 0.5
    assert 0.2 < b.std() < 0.4


def test_the_same_seed_gives_the_same_start_in_both_precisions():
    wide, narrow = network(dtype=np.float64), network(dtype=np.float32)
    assert narrow.weights.dtype == np.float32
    assert np.array_equal(wide.weights.astype(np.float32), narrow.weights)
    assert narrow.forward(np.ones((2, 5))).dtype == np.float32


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"hidden": "rleu"}, "Unknown activation 'rleu'. Did you mean relu"),
        ({"output": "sigmod"}, "Did you mean sigmoid"),
        ({"output": "softmax"}, "joined to its loss"),
        ({"init": "hee"}, "Did you mean he"),
        ({"sizes": (784,)}, "numbers of inputs, hidden neurons and outputs"),
        ({"sizes": (784, 0, 10)}, "numbers of inputs, hidden neurons and outputs"),
        ({"dtype": np.int64}, "float32 or float64"),
    ],
)
def test_a_network_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        network(**arguments)


@pytest.mark.parametrize(
    ("shape", "words"),
    [((5,), r"\(N, 5\)"), ((3, 4), r"not \(3, 4\)"), ((3, 5, 5), r"X\.reshape\(len\(X\), -1\)")],
)
def test_data_of_another_shape_are_refused(shape, words):
    with pytest.raises(ValueError, match=words):
        network().forward(np.ones(shape))


# ── Dropout ─────────────────────────────────────────────────────────────────────────────────────────────────


def dropout_and_data(rate=0.4, seed=0):
    rng = np.random.default_rng(1)
    return nn.Dropout(rate, np.random.default_rng(seed)), rng.normal(size=(6, 4)), rng.normal(size=(6, 4))


def test_dropout_keeps_the_mean_and_adds_the_variance_of_its_masks():
    layer, A = nn.Dropout(0.4, np.random.default_rng(0)), np.full((100_000, 1), 3.0)
    dropped = layer.forward(A)
    assert np.unique(dropped) == pytest.approx([0, 3 / 0.6])
    assert np.mean(dropped == 0) == pytest.approx(0.4, abs=5 * np.sqrt(0.24 / 100_000))
    assert dropped.mean() == pytest.approx(3, abs=5 * 3 * np.sqrt(0.4 / 0.6 / 100_000))
    assert dropped.var() == pytest.approx(9 * 0.4 / 0.6, rel=0.02)


def test_dropout_drops_where_a_uniform_number_is_below_the_rate():
    layer, A, _ = dropout_and_data()
    uniform = np.random.default_rng(0).random(A.shape)
    assert np.array_equal(layer.forward(A), A * ((uniform >= 0.4) / 0.6))


def test_the_way_back_takes_the_mask_of_the_way_there():
    layer, A, C = dropout_and_data()
    mask = layer.forward(A) / A
    assert layer.backward(C) == pytest.approx(C * mask)
    check_gradient(lambda a: np.sum(C * a * mask), A, layer.backward(C).copy())


def test_each_pass_has_a_new_mask_that_comes_from_the_seed():
    layer, A, _ = dropout_and_data()
    first, second = layer.forward(A).copy(), layer.forward(A).copy()
    assert np.array_equal(dropout_and_data()[0].forward(A), first)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(("rate", "training"), [(0.4, False), (0.0, True)])
def test_dropout_lets_all_pass_out_of_training_and_at_rate_zero(rate, training):
    layer, A, C = dropout_and_data(rate)
    layer.forward(A)
    layer.set_training(training)
    state = layer.rng.bit_generator.state
    assert np.array_equal(layer.forward(A), A)
    assert np.array_equal(layer.backward(C), C)
    assert layer.rng.bit_generator.state == state


def test_dropout_changes_nothing_that_comes_in_and_keeps_single_precision():
    layer, A, C = dropout_and_data()
    A, C = A.astype(np.float32), C.astype(np.float32)
    before = A.copy(), C.copy()
    assert layer.forward(A).dtype == layer.backward(C).dtype == np.float32
    assert np.array_equal(A, before[0])
    assert np.array_equal(C, before[1])


@pytest.mark.parametrize("hidden", ["relu", "tanh", "sigmoid"])
def test_a_network_with_dropout_agrees_with_central_differences(hidden):
    net = network(hidden, sizes=(5, 6, 4, 3), dropout=0.4)
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(8, 5)), rng.integers(0, 3, 8)
    masks = [layer for layer in net.layers if isinstance(layer, nn.Dropout)]
    _, delta = cross_entropy(net.forward(X), y)
    net.backward(delta)
    grad, start, state = net.gradients.copy(), net.weights.copy(), masks[0].rng.bit_generator.state
    fresh = network(hidden, sizes=(5, 6, 4, 3), dropout=0.4)  # its masks are those of the pass above
    (again,) = {layer.rng for layer in fresh.layers if isinstance(layer, nn.Dropout)}
    beginning = again.bit_generator.state
    assert state != beginning

    def loss_of(weights):
        fresh.weights[:] = weights
        again.bit_generator.state = beginning
        return cross_entropy(fresh.forward(X), y)[0]

    check_gradient(loss_of, start, grad, n_examples=8)


def test_a_network_drops_hidden_activations_in_training_and_nothing_else():
    net, plain = network("relu", sizes=(5, 50, 40, 3), dropout=0.5), network("relu", sizes=(5, 50, 40, 3))
    assert np.array_equal(net.weights, plain.weights)
    assert [type(layer).__name__ for layer in net.layers] == [*["Dense", "ReLU", "Dropout"] * 2, "Dense", "Identity"]
    X = np.random.default_rng(1).normal(size=(7, 5))
    assert np.array_equal(net.predict(X), plain.predict(X))
    assert not np.allclose(net.forward(X), plain.forward(X))  # `predict` leaves the mode as it was
    net.set_training(False)
    assert np.array_equal(net.forward(X), plain.forward(X))
    net.predict(X)
    assert not net.training


def test_without_dropout_the_layers_are_what_they_were_and_nothing_is_drawn():
    rng = np.random.default_rng(0)
    net = nn.Network([5, 4, 3], rng)
    assert len(net.layers) == 4
    assert rng.bit_generator.seed_seq.n_children_spawned == 0
    assert "dropout" not in repr(net)
    assert repr(network(dropout=0.25)).endswith("float64, dropout 0.25")


@pytest.mark.parametrize("rate", [-0.1, 1.0, np.nan])
def test_a_rate_that_is_no_probability_below_one_is_refused(rate):
    with pytest.raises(ValueError, match="0 ≤ rate < 1"):
        network(dropout=rate)


def test_the_mean_of_all_thinned_networks_is_eval_mode():
    net = network("relu", sizes=(5, 8, 3), dropout=0.5)
    X = np.random.default_rng(4).normal(size=(7, 5))
    H = np.maximum(0, X @ net.dense[0].W + net.dense[0].b)
    masks = np.arange(256)[:, None] >> np.arange(8) & 1  # (256, 8)
    Z = (H[:, None] * masks / 0.5) @ net.dense[1].W + net.dense[1].b  # (7, 256, 3)
    assert Z.mean(axis=1) == pytest.approx(net.predict(X), abs=1e-12)
