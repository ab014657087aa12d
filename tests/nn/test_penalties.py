"""L1, L2 and elastic net: values and slopes, PyTorch's steps, and what a proximal step solves."""

from functools import partial

import numpy as np
import pytest

from course_utils.checks import check_gradient
from course_utils.data import blobs
from course_utils.nn import optimizers as o
from course_utils.nn.layers import Network
from course_utils.nn.losses import cross_entropy
from course_utils.nn.penalties import L1, L2, ElasticNet
from course_utils.nn.training import fit
from tests.nn.frameworks import import_torch
from tests.nn.test_layers import torch_twin

X, Y = blobs(210, np.random.default_rng(0))
PENALTIES = [L1(0.03), L2(0.3), ElasticNet(l1=0.02, l2=0.1)]


def net(dtype=np.float64):
    network = Network([2, 8, 5, 3], np.random.default_rng(1), hidden="tanh", init="glorot", dtype=dtype)
    for dense in network.dense:  # biases are 0 at first, where a penalty on them would not show
        dense.b[:] = np.random.default_rng(2).normal(size=dense.b.size)
    return network


def of_all_weights(penalty, network):
    return sum(penalty(dense.W) for dense in network.dense)


def test_the_values_are_those_of_the_formula():
    w = np.array([[-2.0, 0.0], [0.5, 1.0]])
    assert L1(0.1)(w) == pytest.approx(0.35)
    assert L2(0.1)(w) == pytest.approx(0.1 * 5.25 / 2)
    assert ElasticNet(l1=0.1, l2=0.1)(w) == pytest.approx(0.35 + 0.1 * 5.25 / 2)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_loss_and_penalty_agree_with_central_differences(penalty):
    network = net()
    _, delta = cross_entropy(network.forward(X), Y)
    network.backward(delta)
    penalty.add_slope(network)
    grad, start = network.gradients.copy(), network.weights.copy()

    def total(weights):
        network.weights[:] = weights
        return cross_entropy(network.forward(X), Y)[0] + of_all_weights(penalty, network)

    check_gradient(total, start, grad)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_biases_are_free(penalty):
    network = net()
    network.gradients[:] = 0
    penalty.add_slope(network)
    for dense in network.dense:
        assert np.array_equal(dense.dW, penalty.slope(dense.W))
        assert np.all(dense.dW != 0)
        assert np.all(dense.db == 0)


@pytest.mark.slow
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(partial(o.SGD, 0.1), lambda torch, p: torch.optim.SGD(p, 0.1)), (o.Adam, lambda torch, p: torch.optim.Adam(p))],
)
def test_ten_steps_are_those_of_pytorch_on_the_whole_loss(penalty, ours, theirs, record_property):
    torch = import_torch()
    network = net()
    twin = torch_twin(network)
    linears = [module for module in twin if hasattr(module, "weight")]
    for linear, dense in zip(linears, network.dense, strict=True):
        linear.bias.data = torch.tensor(dense.b.copy())
    optimizer = theirs(torch, twin.parameters())
    fit(network, X, Y, optimizer=ours(), epochs=10, batch=None, penalty=penalty)
    for _ in range(10):
        optimizer.zero_grad()
        L = torch.nn.CrossEntropyLoss()(twin(torch.tensor(X)), torch.tensor(Y))
        for linear in linears:
            L = L + penalty.l1 * linear.weight.abs().sum() + penalty.l2 / 2 * (linear.weight**2).sum()
        L.backward()
        optimizer.step()
    now = [w for m in linears for w in (m.weight.detach().numpy().T.ravel(), m.bias.detach().numpy())]
    difference = np.abs(network.weights - np.concatenate(now)).max()
    record_property(f"10 steps with {penalty}, {type(optimizer).__name__}, against PyTorch", f"{difference:.1e}")
    assert difference < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize(("ours", "theirs"), [(partial(o.SGD, 0.1), "SGD"), (partial(o.Adam, 0.1), "Adam")])
def test_l2_is_the_weight_decay_of_pytorch(ours, theirs):
    torch = import_torch()
    network = net()
    parameters = [torch.tensor(w.copy(), requires_grad=True) for dense in network.dense for w in (dense.W, dense.b)]
    groups = [{"params": parameters[::2], "weight_decay": 0.3}, {"params": parameters[1::2], "weight_decay": 0.0}]
    optimizer = getattr(torch.optim, theirs)(groups, lr=0.1)
    fit(network, X, Y, optimizer=ours(), epochs=10, batch=None, penalty=L2(0.3))
    for _ in range(10):
        W1, b1, W2, b2, W3, b3 = parameters
        Z = torch.tanh(torch.tanh(torch.tensor(X) @ W1 + b1) @ W2 + b2) @ W3 + b3
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(Z, torch.tensor(Y)).backward()
        optimizer.step()
    now = np.concatenate([w.detach().numpy().ravel() for w in parameters])
    assert np.abs(network.weights - now).max() < 1e-12


@pytest.mark.parametrize(("rule", "same"), [(o.SGD, True), (o.Adam, False)])
def test_l2_and_the_decay_of_adamw_shrink_alike_with_gradient_descent_alone(rule, same):
    network, lr, decay = net(), 0.1, 0.3
    before = network.dense[0].W.copy()
    no_slope = lambda Z, y, out=None: (0.0, np.zeros_like(Z))  # noqa: E731
    fit(network, X, Y, loss=no_slope, optimizer=rule(lr), epochs=1, batch=None, penalty=L2(decay), metric=None)
    decayed = before.copy()
    o.AdamW(lr, decay=decay).step(decayed, np.zeros_like(decayed))
    assert np.allclose(network.dense[0].W, decayed, rtol=1e-12) == same


def test_the_history_leaves_the_penalty_out():
    network = net()
    history = fit(network, X, Y, epochs=1, batch=None, penalty=L2(5.0), validation=(X, Y))
    assert history.loss[0] == pytest.approx(cross_entropy(net().forward(X), Y)[0])
    assert history.val_loss[0] == pytest.approx(cross_entropy(network.predict(X), Y)[0])


def test_no_penalty_and_a_penalty_of_zero_are_the_same():
    weights = []
    for penalty in (None, ElasticNet()):
        network = net()
        fit(network, X, Y, rng=np.random.default_rng(3), epochs=3, penalty=penalty)
        weights.append(network.weights.copy())
    assert np.array_equal(*weights)


@pytest.mark.parametrize("penalty", [*PENALTIES, ElasticNet()])
@pytest.mark.parametrize("lr", [0.1, 2.0])
def test_a_proximal_step_ends_at_the_minimum(penalty, lr):
    grid = np.linspace(-3, 3, 60_001)
    price = penalty.l1 * np.abs(grid) + penalty.l2 / 2 * grid**2
    for w in np.linspace(-2, 2, 21):
        best = grid[np.argmin((grid - w) ** 2 / 2 + lr * price)]
        assert penalty.proximal(np.array([w]), lr)[0] == pytest.approx(best, abs=1.1e-4)


def test_proximal_steps_solve_the_lasso_with_exact_zeros_and_steps_along_the_slope_do_not():
    rng = np.random.default_rng(4)
    A, _ = np.linalg.qr(rng.normal(size=(50, 6)))
    A *= np.sqrt(50)  # uncorrelated columns of mean square 1: each weight is on its own
    least_squares, penalty = np.array([1.0, -0.5, 0.3, 0.05, -0.02, 0.0]), L1(0.1)
    y = A @ least_squares
    exact = penalty.proximal(least_squares, 1.0)
    w, hovering = np.ones(6), np.ones(6)
    for _ in range(500):
        w = penalty.proximal(w - 0.3 * A.T @ (A @ w - y) / 50, 0.3)
        hovering = hovering - 0.3 * (A.T @ (A @ hovering - y) / 50 + penalty.slope(hovering))
    assert w == pytest.approx(exact, abs=1e-12)
    assert np.count_nonzero(w == 0) == 3
    assert np.count_nonzero(hovering == 0) == 0
    assert np.abs(hovering - exact).max() < 2 * 0.3 * 0.1


@pytest.mark.parametrize("penalty", PENALTIES)
def test_single_precision_stays(penalty):
    W = np.ones((3, 2), np.float32)
    assert penalty.slope(W).dtype == penalty.proximal(W, 0.1).dtype == np.float32


@pytest.mark.parametrize("make", [lambda: L1(-1.0), lambda: L2(np.nan), lambda: ElasticNet(l1=0.1, l2=np.inf)])
def test_a_penalty_that_rewards_large_weights_is_refused(make):
    with pytest.raises(ValueError, match="must be zero or positive"):
        make()
