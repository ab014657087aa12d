"""Gradient descent and its relatives: each takes one step, in place, on one array of weights.

The rules are PyTorch's (`torch.optim`), to the placement of ε. Keras agrees step for step for `SGD`, `Momentum` and
`Nesterov` (as long as the learning rate is constant: its momentum remembers steps, not slopes) and for `Adadelta`. Its
Adam and AdamW add ε to √s before the bias correction, its RMSprop and Adagrad add ε inside the root, its Adagrad starts
the sum of squares at 0.1; and some of its defaults differ.

The learning rate can follow a schedule in the number of steps or epochs, or `Plateau`, which watches a loss;
`range_test` finds out which rates a problem bears.

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
Slope = Callable[[Array], tuple[float, ArrayLike]]

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


class AdamW(Adam):
    """w ← (1 − η λ) w, then the step of `Adam`: weights shrink at the rate η λ, whatever their slopes."""

    def __init__(
        self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, decay: float = 0.01
    ) -> None:
        super().__init__(lr, beta1, beta2, eps)
        self.decay = decay

    def update(self, w: Array, g: Array, m: Array, s: Array) -> None:
        w *= 1 - self.lr * self.decay
        super().update(w, g, m, s)


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


class Plateau:
    """A learning rate that is multiplied by `factor` after more than `patience` losses in a row without a new best.

    A loss is a new best if it is below (1 − threshold) times the old one; the rate stays at or above `lr_min`. Call it
    with the validation loss of each epoch: `optimizer.lr = plateau(loss)`. As PyTorch's `ReduceLROnPlateau`; Keras's
    lowers the rate one loss earlier, and its threshold is absolute.

    >>> plateau = Plateau(0.1, factor=0.5, patience=1)
    >>> [plateau(loss) for loss in [0.9, 0.8, 0.8, 0.8, 0.7, 0.8, 0.8]]
    [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025]
    """

    def __init__(
        self, lr: float, factor: float = 0.1, patience: int = 10, threshold: float = 1e-4, lr_min: float = 0.0
    ) -> None:
        if not 0 < factor < 1:
            raise ValueError(f"factor must lie between 0 and 1, so that the rate falls, not {factor}")
        if lr_min > lr:
            raise ValueError(f"lr_min = {lr_min} is above the rate to start with, {lr}")
        self.lr, self.factor, self.patience = float(lr), factor, patience
        self.threshold, self.lr_min = threshold, lr_min
        self.best = np.inf
        self.bad = 0  #: losses since the last new best, or since the rate was lowered

    def __call__(self, loss: float) -> float:
        """The learning rate to go on with, after this loss. A loss that is not a number is no new best."""
        if loss < (1 - self.threshold) * self.best:
            self.best, self.bad = loss, 0
        else:
            self.bad += 1
        if self.bad > self.patience:
            self.lr, self.bad = max(self.factor * self.lr, self.lr_min), 0
        return self.lr


def range_test(slope: Slope, weights: Array, optimizer: Optimizer, rates: ArrayLike) -> NDArray[np.float64]:
    """The loss before each step, while the learning rate runs through `rates`; the weights are left as they were.

    `slope(w)` gives the loss and dL/dw for the next mini-batch. `optimizer` must be new, and is used up. The test ends
    early, with infinity for the steps that are left, once the loss is no longer a finite number.

    >>> range_test(lambda w: (w @ w, 2 * w), np.ones(3), SGD(), rates=[0.1, 0.4, 1.5, 1.5]).round(2)
    array([3.  , 1.92, 0.08, 0.31])
    """
    if optimizer.t:
        raise ValueError(f"the optimizer has taken {optimizer.t} steps and remembers them: make a new one")
    rates, w = np.asarray(rates, dtype=float), weights.copy()
    losses = np.full(len(rates), np.inf)
    with np.errstate(all="ignore"):
        for k, lr in enumerate(rates):
            loss, gradient = slope(w)
            if not np.isfinite(loss):
                break
            losses[k] = loss
            optimizer.lr = float(lr)
            optimizer.step(w, gradient)
    return losses
