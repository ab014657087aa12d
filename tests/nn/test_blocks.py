"""Batch normalization, in training and out of it, and residual blocks, against central differences and PyTorch."""

import numpy as np
import pytest

from course_utils.checks import check_gradient
from course_utils.nn.blocks import BatchNorm, Residual, Sequential, fold
from course_utils.nn.layers import Dense, ReLU, Tanh, glorot
from tests.nn.frameworks import import_torch


def norm_and_data(n=4, N=7, **kwargs):
    rng = np.random.default_rng(0)
    norm = BatchNorm(n, **kwargs)
    norm.gamma[:], norm.beta[:] = rng.normal(1, 0.3, n), rng.normal(size=n)
    return norm, rng.normal(3, 2, size=(N, n)), rng.normal(size=(N, n))


@pytest.mark.parametrize("training", [True, False])
def test_all_derivatives_agree_with_central_differences(training):
    norm, X, C = norm_and_data(momentum=0.0)
    norm.running_mean[:], norm.running_var[:] = 2.0, 5.0
    norm.set_training(training)
    norm.forward(X)
    dX = norm.backward(C).copy()

    def loss(p):
        norm.gamma[:], norm.beta[:] = p["gamma"], p["beta"]
        return np.sum(C * norm.forward(p["X"]))

    params = {"X": X, "gamma": norm.gamma.copy(), "beta": norm.beta.copy()}
    check_gradient(loss, params, {"X": dX, "gamma": norm.dgamma, "beta": norm.dbeta})


@pytest.mark.slow
@pytest.mark.parametrize("momentum", [0.1, 0.3])
def test_five_batches_are_pytorchs_and_so_is_what_is_remembered(momentum):
    torch = import_torch()
    norm, X, C = norm_and_data(momentum=momentum)
    twin = torch.nn.BatchNorm1d(4, momentum=momentum, dtype=torch.float64)
    twin.weight.data, twin.bias.data = torch.tensor(norm.gamma.copy()), torch.tensor(norm.beta.copy())
    for k in range(5):
        x = torch.tensor(X + k, requires_grad=True)
        twin.zero_grad()
        a = twin(x)
        a.backward(torch.tensor(C))
        assert norm.forward(X + k) == pytest.approx(a.detach().numpy(), rel=1e-10)
        assert norm.backward(C) == pytest.approx(x.grad.numpy(), rel=1e-9, abs=1e-12)
        assert norm.dgamma == pytest.approx(twin.weight.grad.numpy(), rel=1e-10)
        assert norm.dbeta == pytest.approx(twin.bias.grad.numpy(), rel=1e-10)
    assert norm.running_mean == pytest.approx(twin.running_mean.numpy(), rel=1e-12)
    assert norm.running_var == pytest.approx(twin.running_var.numpy(), rel=1e-12)
    twin.eval()
    norm.set_training(False)
    assert norm.forward(X[:1]) == pytest.approx(twin(torch.tensor(X[:1])).detach().numpy(), rel=1e-12)


def test_out_of_training_a_row_does_not_depend_on_the_others_and_nothing_is_remembered():
    norm, X, _ = norm_and_data()
    norm.forward(X)
    norm.set_training(False)
    before = norm.running_mean.copy(), norm.running_var.copy()
    together = norm.forward(X).copy()
    alone = np.vstack([norm.forward(X[i : i + 1]).copy() for i in range(len(X))])
    assert np.array_equal(together, alone)
    assert np.array_equal(norm.running_mean, before[0])
    assert np.array_equal(norm.running_var, before[1])


def test_one_row_cannot_be_normalized_in_training():
    norm, X, _ = norm_and_data()
    with pytest.raises(ValueError, match=r"set_training\(False\)"):
        norm.forward(X[:1])


def test_whole_numbers_are_taken_as_floats():
    X = np.array([[1, 50], [3, 10], [8, 30]])
    assert BatchNorm(2).forward(X) == pytest.approx(BatchNorm(2).forward(X.astype(float)))


def test_a_folded_layer_gives_the_same_answers():
    norm, X, _ = norm_and_data()
    rng = np.random.default_rng(1)
    W, b = rng.normal(size=(4, 4)), rng.normal(size=4)
    for k in range(10):
        norm.forward(X @ W + b + k)
    norm.set_training(False)
    W_folded, b_folded = fold(W, b, norm)
    assert X @ W_folded + b_folded == pytest.approx(norm.forward(X @ W + b))


def test_what_comes_in_is_not_changed():
    norm, X, C = norm_and_data()
    X_before, C_before = X.copy(), C.copy()
    norm.forward(X)
    norm.backward(C)
    assert np.array_equal(X, X_before)
    assert np.array_equal(C, C_before)


def test_single_precision_stays():
    norm, X = BatchNorm(3, dtype=np.float32), np.ones((4, 3), np.float32)
    for training in (True, False):
        norm.set_training(training)
        assert norm.forward(X).dtype == np.float32
        assert norm.backward(X).dtype == np.float32


# ── Networks of blocks ──────────────────────────────────────────────────────────────────────────────────────


def stack(rng):
    def dense():
        return Dense(4, 4, rng, glorot)

    return Sequential(
        [dense(), Residual([dense(), BatchNorm(4), Tanh(), dense()]), Residual([Residual([dense(), Tanh()])])]
    )


def test_a_stack_of_blocks_agrees_with_central_differences():
    rng = np.random.default_rng(0)
    network, X, C = stack(rng), rng.normal(size=(7, 4)), rng.normal(size=(7, 4))
    network.forward(X)
    dX = network.backward(C)
    found = network.parameters()
    assert len(found) == 10
    params = {f"w{k}": w.copy() for k, (w, _) in enumerate(found)}
    grads = {f"w{k}": gradient.copy() for k, (_, gradient) in enumerate(found)}

    def loss(p):
        for k, (w, _) in enumerate(found):
            w[:] = p[f"w{k}"]
        return np.sum(C * network.forward(p["X"]))

    check_gradient(loss, params | {"X": X}, grads | {"X": dX.copy()}, rtol=1e-5)


def test_the_mode_reaches_the_layers_within_the_blocks():
    network, X = stack(np.random.default_rng(0)), np.random.default_rng(1).normal(size=(7, 4))
    network.set_training(False)
    together = network.forward(X).copy()
    assert network.forward(X[:1]) == pytest.approx(together[:1])
    network.set_training(True)
    with pytest.raises(ValueError, match="one row has no variance"):
        network.forward(X[:1])


def test_a_silent_branch_passes_everything_on():
    block = Residual([Dense(3, 3, np.random.default_rng(0), lambda n, m, rng: (np.zeros((n, m)), np.zeros(m))), ReLU()])
    X = np.random.default_rng(1).normal(size=(5, 3))
    assert np.array_equal(block.forward(X), X)
    assert np.array_equal(block.backward(X), X)


def test_only_equal_shapes_can_be_added():
    block = Residual([Dense(3, 2, np.random.default_rng(0))])
    with pytest.raises(ValueError, match="only equal shapes"):
        block.forward(np.ones((5, 3)))
