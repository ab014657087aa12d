"""The activation functions of the lectures and their slopes, as functions of the sums z.

Each pair in `FUNCTIONS` works element by element, on any shape. Where a function has a kink, its slope there is a
convention: these take the one of PyTorch.

>>> g, slope = FUNCTIONS["elu"]
>>> g([-1.0, 2.0]).round(3), slope([-1.0, 2.0]).round(3)
(array([-0.632,  2.   ]), array([0.368, 1.   ]))
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.nn.perceptron import sigmoid, step

Array = NDArray[np.float64]
Function = Callable[..., Array]

# With these two, and weights of variance 1/n_in, what comes in with mean 0 and variance 1 also goes out so.
SELU_LAMBDA = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772


class Activation(NamedTuple):
    """An activation function and its derivative."""

    g: Function
    slope: Function


def identity(z: ArrayLike) -> Array:
    """z"""
    return np.asarray(z, dtype=float)


def identity_slope(z: ArrayLike) -> Array:
    """1"""
    return np.ones(np.shape(z))


def step_slope(z: ArrayLike) -> Array:
    """0: a step gives gradient descent nothing to follow."""
    return np.zeros(np.shape(z))


def sigmoid_slope(z: ArrayLike) -> Array:
    """σ (1 − σ), at most ¼.

    >>> sigmoid_slope([0.0, 5.0]).round(4)
    array([0.25  , 0.0066])
    """
    a = sigmoid(z)
    return a * (1 - a)


def tanh_slope(z: ArrayLike) -> Array:
    """1 − tanh² z, at most 1."""
    return 1 - np.tanh(z) ** 2


def arctan_slope(z: ArrayLike) -> Array:
    """1 / (1 + z²), which falls more slowly than any exponential."""
    return 1 / (1 + np.square(z))


def relu(z: ArrayLike) -> Array:
    """max(0, z)"""
    return np.maximum(z, 0.0)


def relu_slope(z: ArrayLike) -> Array:
    """1 where z > 0, else 0."""
    return step(z)


def leaky_relu(z: ArrayLike, alpha: float = 0.01) -> Array:
    """z where z > 0, else α z. With an α that is learned it is the PReLU.

    >>> leaky_relu([-2.0, 2.0], alpha=0.1)
    array([-0.2,  2. ])
    """
    z = np.asarray(z, dtype=float)
    return np.where(z > 0, z, alpha * z)


def leaky_relu_slope(z: ArrayLike, alpha: float = 0.01) -> Array:
    """1 where z > 0, else α."""
    return np.where(np.asarray(z) > 0, 1.0, alpha)


def elu(z: ArrayLike, alpha: float = 1.0) -> Array:
    """z where z > 0, else α (e^z − 1)."""
    z = np.asarray(z, dtype=float)
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def elu_slope(z: ArrayLike, alpha: float = 1.0) -> Array:
    """1 where z > 0, else α e^z."""
    z = np.asarray(z, dtype=float)
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0)))


def selu(z: ArrayLike) -> Array:
    """λ times the ELU with the α that goes with it."""
    return SELU_LAMBDA * elu(z, SELU_ALPHA)


def selu_slope(z: ArrayLike) -> Array:
    """λ where z > 0, else λ α e^z."""
    return SELU_LAMBDA * elu_slope(z, SELU_ALPHA)


def softplus(z: ArrayLike) -> Array:
    """log(1 + e^z), without overflow: a ReLU with a rounded corner.

    >>> softplus([-1000.0, 0.0, 1000.0]).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    return np.logaddexp(0.0, z)


FUNCTIONS = {
    "identity": Activation(identity, identity_slope),
    "step": Activation(step, step_slope),
    "sigmoid": Activation(sigmoid, sigmoid_slope),
    "tanh": Activation(np.tanh, tanh_slope),
    "arctan": Activation(np.arctan, arctan_slope),
    "relu": Activation(relu, relu_slope),
    "leaky_relu": Activation(leaky_relu, leaky_relu_slope),
    "elu": Activation(elu, elu_slope),
    "selu": Activation(selu, selu_slope),
    "softplus": Activation(softplus, sigmoid),
}
