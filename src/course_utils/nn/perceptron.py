"""One artificial neuron, with a step (Rosenblatt's perceptron) or with a slope (the sigmoid neuron).

Data are rows: `X` is (N, n). The step neuron keeps its bias as weight 0 of `w` and sees a 1 in front of
every row (`add_bias`); the sigmoid neuron keeps `b` apart from `w`, as in the chapters on networks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class PerceptronRun(NamedTuple):
    """What a training run leaves behind."""

    w: Array  #: the weights at the end, bias first
    path: Array  #: the weights at the start and after each update, one row each
    mistakes: list[int]  #: wrong answers in each epoch; the last entry is 0 if the rule has converged


def add_bias(X: ArrayLike) -> Array:
    """Put a 1 in front of every row, so that weight 0 becomes the bias: (N, n) → (N, n + 1).

    >>> add_bias([[0.5, 2.0]])
    array([[1. , 0.5, 2. ]])
    """
    X = np.atleast_2d(np.asarray(X, dtype=float))
    return np.column_stack([np.ones(len(X)), X])


def step(z: ArrayLike) -> Array:
    """1 where z > 0, else 0.

    >>> step([-0.3, 0.0, 2.0])
    array([0., 0., 1.])
    """
    return (np.asarray(z) > 0).astype(float)


def perceptron_output(X: ArrayLike, w: ArrayLike) -> Array:
    """The answers (N,) of a step neuron with weights `w` (n + 1,), bias first, to the rows of `X` (N, n).

    >>> perceptron_output([[0, 0], [1, 1]], w=[-1.5, 1, 1])
    array([0., 1.])
    """
    return step(add_bias(X) @ np.asarray(w, dtype=float))


def perceptron_update(w: ArrayLike, x: ArrayLike, t: float, lr: float = 1.0) -> Array:
    """Rosenblatt's rule for one example `x` (n + 1,), 1 in front, with target `t`: w + lr (t − y) x.

    >>> perceptron_update(w=[0, 0, 0], x=[1, 2, 3], t=1)
    array([1., 2., 3.])
    """
    w, x = np.asarray(w, dtype=float), np.asarray(x, dtype=float)
    y = step(w @ x)
    return w + lr * (t - y) * x


def train_perceptron(X: ArrayLike, t: ArrayLike, lr: float = 1.0, max_epochs: int = 100) -> PerceptronRun:
    """Show the rows of `X` (N, n) with targets `t` (N,) in order until an epoch passes without a mistake.

    >>> run = train_perceptron([[0, 0], [0, 1], [1, 0], [1, 1]], t=[0, 0, 0, 1])
    >>> run.mistakes[-1], run.w
    (0, array([-2.,  2.,  1.]))
    """
    X, t = add_bias(X), np.asarray(t, dtype=float)
    if t.shape != (len(X),):
        raise ValueError(f"t must hold one target per row of X: shape ({len(X)},), not {t.shape}")
    if not np.isin(t, (0, 1)).all():
        raise ValueError("the targets of a perceptron are 0 and 1")
    w = np.zeros(X.shape[1])
    path, mistakes = [w], []
    for _ in range(max_epochs):
        updates_before = len(path)
        for x, t_x in zip(X, t, strict=True):
            if step(w @ x) != t_x:
                w = perceptron_update(w, x, t_x, lr)
                path.append(w)
        mistakes.append(len(path) - updates_before)
        if mistakes[-1] == 0:
            break
    return PerceptronRun(w, np.array(path), mistakes)


def sigmoid(z: ArrayLike) -> Array:
    """1 / (1 + e^(−z)), without overflow for any finite z.

    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    z = np.asarray(z, dtype=float)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def neuron_loss(X: ArrayLike, y: ArrayLike, w: ArrayLike, b: float = 0.0) -> float:
    """Half the summed squared error of a sigmoid neuron on rows `X` (N, n) with targets `y` (N,).

    >>> neuron_loss([[0, 0]], y=[1], w=[3, 4])
    0.125
    """
    y_hat = sigmoid(np.asarray(X, dtype=float) @ np.asarray(w, dtype=float) + b)
    return float(0.5 * np.sum((np.asarray(y) - y_hat) ** 2))


def neuron_gradient(X: ArrayLike, y: ArrayLike, w: ArrayLike, b: float = 0.0) -> tuple[Array, float]:
    """The gradient of `neuron_loss`: dL/dw (n,) and dL/db.

    >>> neuron_gradient([[1, 2]], y=[1], w=[0, 0])
    (array([-0.125, -0.25 ]), -0.125)
    """
    X = np.asarray(X, dtype=float)
    y_hat = sigmoid(X @ np.asarray(w, dtype=float) + b)
    delta = (y_hat - np.asarray(y)) * y_hat * (1 - y_hat)  # (N,)
    return X.T @ delta, float(delta.sum())


def train_neuron(
    X: ArrayLike,
    y: ArrayLike,
    w: ArrayLike,
    b: float = 0.0,
    lr: float = 1.0,
    epochs: int = 100,
    bias: bool = True,
) -> tuple[Array, float, list[float]]:
    """Gradient descent on all rows at once; gives w, b and the loss before every epoch and after the last.

    With `bias=False` the bias stays as it is.

    >>> w, b, losses = train_neuron([[0.0], [1.0]], y=[0, 1], w=[0.0], epochs=2)
    >>> len(losses), losses[0] > losses[1] > losses[2]
    (3, True)
    """
    w = np.array(w, dtype=float)
    losses = [neuron_loss(X, y, w, b)]
    for _ in range(epochs):
        dw, db = neuron_gradient(X, y, w, b)
        w = w - lr * dw
        if bias:
            b = b - lr * db
        losses.append(neuron_loss(X, y, w, b))
    return w, b, losses
