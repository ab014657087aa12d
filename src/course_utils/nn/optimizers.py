"""Gradient descent and its relatives: each takes one step, in place, on one array of weights.

The rules are PyTorch's (`torch.optim`), to the placement of ε. Keras agrees step for step for `SGD`, `Momentum`,
`Nesterov` and `Adadelta`. Its Adam adds ε to √s before the bias correction, its RMSprop and Adagrad add ε inside the
root, its Adagrad starts the sum of squares at 0.1; and some of its defaults differ.

>>> w, adam = np.array([1.0, -2.0]), Adam(lr=0.1)
>>> for _ in range(200):
...     adam.step(w, gradient=2 * w)
>>> np.abs(w).max() < 1e-3
np.True_
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]
Schedule = Callable[[int], float]

BLOCK = 8192  #: weights updated at a time, so that what a rule computes on the way stays in the cache


class Optimizer:
    """A rule with learning rate `lr` that remembers `memory` arrays of the shape of the weights."""

    memory = 0

    def __init__(self, lr: float) -> None:
        if not 0 < lr < np.inf:
            raise ValueError(f"the learning rate must be positive, not {lr}")
        self.lr = float(lr)
        self.t = 0  #: steps taken
        self.state: list[Array] = []

    def step(self, weights: Array, gradient: ArrayLike) -> None:
        """Change `weights` by one step, given dL/dw of the same shape."""
        if not isinstance(weights, np.ndarray) or weights.dtype.kind != "f" or not weights.flags.c_contiguous:
            raise ValueError("the weights must be one contiguous NumPy array of floats, which is changed in place")
        gradient = np.asarray(gradient)
        if gradient.shape != weights.shape:
            raise ValueError(f"the gradient has shape {gradient.shape}, the weights {weights.shape}")
        if self.t == 0:
            self.state = [np.zeros(weights.size, weights.dtype) for _ in range(self.memory)]
        elif self.memory and self.state[0].size != weights.size:
            raise ValueError(
                f"this optimizer has {self.state[0].size} weights in memory, not {weights.size}: make a new one"
            )
        self.t += 1
        arrays = [weights.reshape(-1), gradient.reshape(-1), *self.state]
        for i in range(0, weights.size, BLOCK):
            self.update(*(array[i : i + BLOCK] for array in arrays))

    def update(self, w: Array, g: Array, *state: Array) -> None:
        """The rule itself, for weights `w` with gradient `g`; each weight is on its own."""
        raise NotImplementedError


class SGD(Optimizer):
    """w ← w − η g"""

    def __init__(self, lr: float = 0.1) -> None:
        super().__init__(lr)

    def update(self, w: Array, g: Array) -> None:
        w -= self.lr * g


class Momentum(Optimizer):
    """v ← β v + g;  w ← w − η v"""

    memory = 1

    def __init__(self, lr: float = 0.1, beta: float = 0.9) -> None:
        super().__init__(lr)
        self.beta = beta

    def update(self, w: Array, g: Array, v: Array) -> None:
        v *= self.beta
        v += g
        w -= self.lr * v


class Nesterov(Momentum):
    """v ← β v + g;  w ← w − η (g + β v): the slope where the momentum is about to carry the weights"""

    def update(self, w: Array, g: Array, v: Array) -> None:
        v *= self.beta
        v += g
        w -= self.lr * (g + self.beta * v)


class Adagrad(Optimizer):
    """s ← s + g²;  w ← w − η g / (√s + ε)"""

    memory = 1

    def __init__(self, lr: float = 0.01, eps: float = 1e-10) -> None:
        super().__init__(lr)
        self.eps = eps

    def update(self, w: Array, g: Array, s: Array) -> None:
        s += g**2
        w -= self.lr * g / (np.sqrt(s) + self.eps)


class RMSprop(Optimizer):
    """s ← ρ s + (1 − ρ) g²;  w ← w − η g / (√s + ε)"""

    memory = 1

    def __init__(self, lr: float = 0.01, rho: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__(lr)
        self.rho, self.eps = rho, eps

    def update(self, w: Array, g: Array, s: Array) -> None:
        s *= self.rho
        s += (1 - self.rho) * g**2
        w -= self.lr * g / (np.sqrt(s) + self.eps)


class Adadelta(Optimizer):
    """s ← ρ s + (1 − ρ) g²;  d = g √(u + ε) / √(s + ε);  u ← ρ u + (1 − ρ) d²;  w ← w − η d"""

    memory = 2

    def __init__(self, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6) -> None:
        super().__init__(lr)
        self.rho, self.eps = rho, eps

    def update(self, w: Array, g: Array, s: Array, u: Array) -> None:
        s *= self.rho
        s += (1 - self.rho) * g**2
        d = g * np.sqrt(u + self.eps) / np.sqrt(s + self.eps)
        u *= self.rho
        u += (1 - self.rho) * d**2
        w -= self.lr * d


class Adam(Optimizer):
    """m ← β₁ m + (1 − β₁) g;  s ← β₂ s + (1 − β₂) g²;  w ← w − η m̂ / (√ŝ + ε)

    with the estimates freed from their start at zero: m̂ = m / (1 − β₁ᵗ),  ŝ = s / (1 − β₂ᵗ).
    """

    memory = 2

    def __init__(self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        super().__init__(lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def update(self, w: Array, g: Array, m: Array, s: Array) -> None:
        m *= self.beta1
        m += (1 - self.beta1) * g
        s *= self.beta2
        s += (1 - self.beta2) * g**2
        m_hat = m / (1 - self.beta1**self.t)
        s_hat = s / (1 - self.beta2**self.t)
        w -= self.lr * m_hat / (np.sqrt(s_hat) + self.eps)


def step_decay(lr: float, factor: float = 0.5, every: int = 10) -> Schedule:
    """η(t) = η₀ factor^⌊t / every⌋: the step shrinks by a factor every so many epochs.

    >>> [step_decay(0.1, factor=0.5, every=2)(t) for t in range(5)]
    [0.1, 0.1, 0.05, 0.05, 0.025]
    """
    return lambda t: lr * factor ** (t // every)


def exponential_decay(lr: float, k: float) -> Schedule:
    """η(t) = η₀ e^(−k t).

    >>> exponential_decay(0.1, k=0.5)(2) == 0.1 * np.exp(-1)
    np.True_
    """
    return lambda t: lr * float(np.exp(-k * t))


def inverse_decay(lr: float, k: float) -> Schedule:
    """η(t) = η₀ / (1 + k t): steps whose sum diverges, while the sum of their squares does not.

    >>> inverse_decay(0.1, k=1.0)(4)
    0.02
    """
    return lambda t: lr / (1 + k * t)
