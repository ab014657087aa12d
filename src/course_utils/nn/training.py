"""The loop that trains a network on mini-batches, and what it remembers of each epoch."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.nn.layers import Network
from course_utils.nn.losses import accuracy, check_labels, cross_entropy
from course_utils.nn.optimizers import SGD, Optimizer, Schedule
from course_utils.nn.penalties import ElasticNet

Array = NDArray[np.floating]
Loss = Callable[..., tuple[float, Array]]
Metric = Callable[[Array, NDArray], float]


class DivergedError(ArithmeticError):
    """The loss is no longer a number."""


@dataclass
class History:
    """One entry per epoch. The training values are means over the batches *while* the weights changed.

    No loss contains the penalty. The training values are in training mode, with dropout; the others out of it.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)  #: empty with metric=None
    val_loss: list[float] = field(default_factory=list)  #: empty without validation
    val_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  #: training alone, without validation


def fit(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    loss: Loss = cross_entropy,
    optimizer: Optimizer | None = None,
    epochs: int = 10,
    batch: int | None = 64,
    metric: Metric | None = accuracy,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    patience: int | None = None,
    schedule: Schedule | None = None,
    penalty: ElasticNet | None = None,
) -> History:
    """Train `network` in place on rows `X` (N, n) and targets `y` (N,) or (N, K).

    Each epoch takes the examples in a new order drawn from `rng`, `batch` at a time; `batch=None` takes all at
    once, as they are. `schedule` gives the learning rate of each epoch. With `patience`, training stops once the
    loss on the `validation` pair (X, y) has not improved for so many epochs, and the best weights come back. The slope
    of the `penalty` is added to that of the loss. The network is in training mode while it trains, and out of it after.

    >>> from course_utils.data import blobs
    >>> X, y = blobs(200, rng=np.random.default_rng(0))
    >>> network = Network([2, 8, 3], np.random.default_rng(1))
    >>> history = fit(network, X, y, rng=np.random.default_rng(2), epochs=20)
    >>> history.loss[-1] < history.loss[0], len(history.seconds)
    (True, 20)
    """
    X, y = _checked(network, X, y, loss)
    if validation is not None:
        validation = _checked(network, *validation, loss)
    if patience is not None and validation is None:
        raise ValueError("patience needs validation=(X, y): data that the network is not trained on")
    if batch is not None and (rng is None or batch < 1):
        raise ValueError("mini-batches need batch ≥ 1 and rng=np.random.default_rng(seed), which draws their order")
    optimizer = SGD() if optimizer is None else optimizer
    history, best_weights = History(), network.weights
    network.set_training(True)
    with _progress(epochs) as show:
        for epoch in range(epochs):
            if schedule is not None:
                optimizer.lr = float(schedule(epoch))
            started = time.perf_counter()
            try:
                mean_loss, mean_metric = _epoch(network, batches(X, y, rng, batch), loss, optimizer, metric, penalty)
            except FloatingPointError as error:
                raise DivergedError(_why(str(error), epoch, X, optimizer)) from None
            history.seconds.append(time.perf_counter() - started)
            history.loss.append(mean_loss)
            if metric is not None:
                history.accuracy.append(mean_metric)
            if validation is not None:
                Y_hat = network.predict(validation[0])
                history.val_loss.append(loss(Y_hat, validation[1])[0])
                if metric is not None:
                    history.val_accuracy.append(metric(Y_hat, validation[1]))
            show(epoch + 1, mean_loss)
            if patience is not None:
                best_epoch = int(np.argmin(history.val_loss))
                if best_epoch == epoch:
                    best_weights = network.weights.copy()
                elif epoch - best_epoch >= patience:
                    break
    network.weights[:] = best_weights
    network.set_training(False)
    return history


@np.errstate(over="ignore", invalid="ignore")  # a loss that is no number is reported in words
def _epoch(
    network: Network,
    batches: Iterable[tuple[Array, NDArray]],
    loss: Loss,
    optimizer: Optimizer,
    metric: Metric | None,
    penalty: ElasticNet | None,
) -> tuple[float, float]:
    """One pass over the data; the mean loss and metric of the examples."""
    loss_sum, metric_sum, n_seen, memory = 0.0, 0.0, 0, None
    for X, y in batches:
        n = len(X)
        if memory is None:
            memory = np.empty((n, network.sizes[-1]), network.dtype)
        Y_hat = network.forward(X)  # (n, K)
        L, delta = loss(Y_hat, y, out=memory[:n])  # delta (n, K)
        if not isfinite(L):
            raise FloatingPointError(L)
        network.backward(delta)
        if penalty is not None:
            penalty.add_slope(network)
        optimizer.step(network.weights, network.gradients)
        loss_sum += n * L
        metric_sum += n * metric(Y_hat, y) if metric else 0
        n_seen += n
    return loss_sum / n_seen, metric_sum / n_seen


def batches(
    X: Array, y: NDArray, rng: np.random.Generator | None, batch: int | None
) -> Iterator[tuple[Array, NDArray]]:
    """All rows once, `batch` at a time, in an order drawn from `rng`; the last batch may be smaller.

    Every batch of `X` is gathered into the same memory; it is overwritten by the next.

    >>> X, y = np.arange(5.0)[:, None], np.arange(5)
    >>> for X_batch, y_batch in batches(X, y, np.random.default_rng(0), 2):
    ...     print(X_batch.ravel(), y_batch)
    [2. 4.] [2 4]
    [3. 0.] [3 0]
    [1.] [1]
    """
    if batch is None:
        yield X, y
        return
    order = rng.permutation(len(X))
    memory = np.empty((min(batch, len(X)), *X.shape[1:]), X.dtype)
    for i in range(0, len(X), batch):
        rows = order[i : i + batch]
        # With mode="raise" NumPy would gather into a copy first; these rows all exist.
        yield np.take(X, rows, axis=0, out=memory[: len(rows)], mode="clip"), y[rows]


def _checked(network: Network, X: ArrayLike, y: ArrayLike, loss: Loss) -> tuple[Array, NDArray]:
    """The data as the network needs them; bad ones are refused before the first epoch."""
    X, y = network.checked(X), np.asarray(y)
    if len(X) == 0:
        raise ValueError("X has no rows")
    if len(y) != len(X):
        raise ValueError(f"X has {len(X)} rows, y has {len(y)}: each example needs one target")
    if loss is cross_entropy and y.ndim == 1:
        y = check_labels(y, network.sizes[-1]).astype(np.intp)
    if y.ndim > 1:
        y = y.astype(network.dtype, copy=False)
    loss(np.zeros((1, network.sizes[-1]), network.dtype), y[:1])  # says what is wrong with the shape
    return X, y


@contextmanager
def _progress(epochs: int) -> Iterator[Callable[[int, float], None]]:
    """A line in a terminal, gone at the end; nothing in a notebook or a file."""
    terminal = sys.stderr.isatty()

    def show(done: int, loss: float) -> None:
        if terminal:
            filled = 30 * done // epochs
            print(
                f"\r{'█' * filled}{'·' * (30 - filled)} epoch {done}/{epochs}, loss {loss:.4f}\033[K",
                end="",
                file=sys.stderr,
                flush=True,
            )

    try:
        yield show
    finally:
        if terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _why(L: str, epoch: int, X: Array, optimizer: Optimizer) -> str:
    """What a student should do about a loss that is not a number."""
    if not np.isfinite(X).all():
        row = int(np.argmin(np.isfinite(X).all(axis=1)))
        return f"the loss is {L}: X holds NaN or infinity, first in row {row}; clean the data first"
    return (
        f"the loss became {L} in epoch {epoch + 1}: the steps are too long and the weights ran away; "
        f"try lr={optimizer.lr / 10:.2g} instead of {optimizer.lr:.2g}, or scale the inputs to about 1"
    )
