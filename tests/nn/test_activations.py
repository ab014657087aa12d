"""The activation functions and their slopes against PyTorch, against our own autodiff, and at their ends."""

import numpy as np
import pytest

from course_utils.nn import activations as act
from course_utils.nn import autodiff as ad
from tests.nn.frameworks import import_torch

NAMES = list(act.FUNCTIONS)
Z = np.concatenate([np.linspace(-6, 6, 121), np.random.default_rng(0).normal(0, 3, 50)])
KINKED = ("relu", "leaky_relu", "elu", "selu")


def in_torch(name):
    torch = import_torch()
    functional = torch.nn.functional
    return {
        "identity": lambda z: z * 1,
        "step": lambda z: torch.heaviside(z, torch.zeros_like(z)),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "arctan": torch.arctan,
        "relu": functional.relu,
        "leaky_relu": functional.leaky_relu,
        "elu": functional.elu,
        "selu": functional.selu,
        "softplus": functional.softplus,
    }[name]


def in_our_autodiff(name):
    def elu(z, alpha=1.0):
        return ad.relu(z) + alpha * (ad.exp(-ad.relu(-z)) - 1)

    return {
        "identity": lambda z: z * 1,
        "sigmoid": ad.sigmoid,
        "tanh": ad.tanh,
        "relu": ad.relu,
        "leaky_relu": lambda z: ad.relu(z) - 0.01 * ad.relu(-z),
        "elu": elu,
        "selu": lambda z: act.SELU_LAMBDA * elu(z, act.SELU_ALPHA),
        "softplus": lambda z: ad.log(1 + ad.exp(z)),
    }[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_values_and_slopes_are_pytorchs(name):
    torch = import_torch()
    z = torch.tensor(Z, requires_grad=True)
    a = in_torch(name)(z)
    assert act.FUNCTIONS[name].g(Z) == pytest.approx(a.detach().numpy(), rel=1e-12, abs=1e-15)
    if name == "step":  # PyTorch refuses to differentiate it
        assert not act.FUNCTIONS[name].slope(Z).any()
        return
    a.sum().backward()
    assert act.FUNCTIONS[name].slope(Z) == pytest.approx(z.grad.numpy(), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("step", "arctan")])
def test_values_and_slopes_are_those_of_our_autodiff(name):
    away = Z[Z != 0]  # at 0 the composition of two ReLUs has its own convention
    z = ad.Tensor(away)
    a = in_our_autodiff(name)(z)
    a.sum().backward()
    assert act.FUNCTIONS[name].g(away) == pytest.approx(a.value, rel=1e-12, abs=1e-15)
    assert act.FUNCTIONS[name].slope(away) == pytest.approx(z.grad, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_the_slopes_are_central_differences(name):
    g, slope = act.FUNCTIONS[name]
    away, h = Z[np.abs(Z) > 0.01], 1e-6
    assert slope(away) == pytest.approx((g(away + h) - g(away - h)) / (2 * h), abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.1, 0.25, 1.7])
def test_the_leaky_relu_takes_its_alpha_and_is_the_prelu(alpha):
    torch = import_torch()
    z = torch.tensor(Z, requires_grad=True)
    a = torch.nn.functional.prelu(z, torch.tensor([alpha], dtype=torch.float64))
    a.sum().backward()
    assert act.leaky_relu(Z, alpha) == pytest.approx(a.detach().numpy())
    assert act.leaky_relu_slope(Z, alpha) == pytest.approx(z.grad.numpy())


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.5, 2.0])
def test_the_elu_takes_its_alpha(alpha):
    torch = import_torch()
    z = torch.tensor(Z, requires_grad=True)
    a = torch.nn.functional.elu(z, alpha)
    a.sum().backward()
    assert act.elu(Z, alpha) == pytest.approx(a.detach().numpy(), abs=1e-15)
    assert act.elu_slope(Z[Z != 0], alpha) == pytest.approx(z.grad.numpy()[Z != 0], abs=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_overflows_and_nothing_is_missing_at_the_ends(name):
    ends = np.array([-1e4, -750.0, 750.0, 1e4])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a, slopes = act.FUNCTIONS[name].g(ends), act.FUNCTIONS[name].slope(ends)
    assert np.isfinite(a).all()
    assert np.isfinite(slopes).all()


@pytest.mark.parametrize("name", NAMES)
def test_lists_of_whole_numbers_are_taken_too(name):
    for function in act.FUNCTIONS[name]:
        assert np.array_equal(function([-1, 0, 2]), function(np.array([-1.0, 0.0, 2.0])))


@pytest.mark.slow
@pytest.mark.parametrize("name", KINKED)
def test_the_slope_at_the_kink_is_pytorchs(name):
    torch = import_torch()
    z = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    in_torch(name)(z).sum().backward()
    assert act.FUNCTIONS[name].slope(np.zeros(1)) == pytest.approx(z.grad.numpy())


def test_the_selu_keeps_mean_zero_and_variance_one():
    z, weight = np.polynomial.hermite_e.hermegauss(200)
    weight /= weight.sum()
    a = act.selu(z)
    assert weight @ a == pytest.approx(0, abs=2e-3)  # the kink costs the quadrature some digits
    assert weight @ a**2 == pytest.approx(1, abs=2e-3)
