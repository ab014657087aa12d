"""Fully connected networks, in the matrix form of the chapters: rows are examples, `Z = X @ W + b`.

A layer has two methods. `forward(X)` gives its output A (N, n_out); `backward(delta)`, called after it with dL/dA,
stores dL/dW and dL/db if the layer has weights and gives dL/dX. Both write into arrays that the layer keeps
from call to call, so a training step takes no new memory: **what they return is overwritten by the next
call**; copy it to keep it. What comes in is never changed.

The softmax is not a layer: it is joined to its loss (`losses.cross_entropy`), which takes the sums Z.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from course_utils.names import unknown_name

Array = NDArray[np.floating]
Parameter = tuple[Array, Array]  #: weights, and the gradient that `backward` writes for them
Init = Callable[[int, int, np.random.Generator], tuple[Array, Array]]

CHUNK = 1000  #: rows that `Network.predict` sends through at a time: their sums still fit a processor's cache


def he(n_in: int, n_out: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Weights drawn from a normal distribution of variance 2 / n_in, for ReLU; biases 0."""
    return rng.normal(0, sqrt(2 / n_in), (n_in, n_out)), np.zeros(n_out)


def glorot(n_in: int, n_out: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Weights drawn uniformly, with variance 2 / (n_in + n_out), for tanh; biases 0."""
    limit = sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_in, n_out)), np.zeros(n_out)


def uniform(n_in: int, n_out: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Weights and biases drawn uniformly from −0.5 to 0.5, whatever the number of inputs."""
    return rng.uniform(-0.5, 0.5, (n_in, n_out)), rng.uniform(-0.5, 0.5, n_out)


class Layer:
    """What a network is built of: a layer without weights that hands on what it gets."""

    def __init__(self) -> None:
        self._kept: dict[str, Array] = {}

    def forward(self, X: Array) -> Array:
        """The output of the layer for the rows of `X`."""
        return X

    def backward(self, delta: Array) -> Array:
        """dL/dX from `delta` = dL/dA."""
        return delta

    def parameters(self) -> list[Parameter]:
        """What an optimizer has to update: here nothing."""
        return []

    def set_training(self, training: bool) -> None:
        """Say whether the layer is being trained. Most do the same either way."""

    def _room(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        """An array to write into: the same memory whenever it is large enough."""
        kept = self._kept.get(name)
        if kept is None or len(kept) < shape[0] or kept.shape[1:] != shape[1:] or kept.dtype != dtype:
            kept = self._kept[name] = np.empty(shape, dtype)
        return kept if len(kept) == shape[0] else kept[: shape[0]]


class Dense(Layer):
    """`n_out` neurons, each with a weight for every one of `n_in` inputs: Z = X W + b.

    >>> layer = Dense(3, 2, np.random.default_rng(0))
    >>> layer.W.shape, layer.b.shape, layer.forward(np.ones((5, 3))).shape
    ((3, 2), (2,), (5, 2))
    """

    def __init__(
        self, n_in: int, n_out: int, rng: np.random.Generator, init: Init = he, dtype: DTypeLike = np.float64
    ) -> None:
        super().__init__()
        self.size = (n_in + 1) * n_out  #: the number of weights and biases
        self.W, self.b = (np.asarray(w, dtype) for w in init(n_in, n_out, rng))
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)

    def forward(self, X: Array) -> Array:
        """Z (N, n_out) for `X` (N, n_in)."""
        self.X = X
        Z = self._room("Z", (len(X), self.b.size), self.W.dtype)
        np.matmul(X, self.W, out=Z)  # (N, n_in) (n_in, n_out) = (N, n_out)
        Z += self.b  # (N, n_out) + (n_out,)
        return Z

    def backward(self, delta: Array) -> Array:
        """dL/dX (N, n_in) from `delta` = dL/dZ (N, n_out); sets dW and db."""
        self.set_gradients(delta)
        dX = self._room("dX", self.X.shape, self.W.dtype)
        return np.matmul(delta, self.W.T, out=dX)  # (N, n_out) (n_out, n_in) = (N, n_in)

    def set_gradients(self, delta: Array) -> None:
        """Set dW and db, and spare dL/dX: in the first layer nobody asks for it."""
        np.matmul(self.X.T, delta, out=self.dW)  # (n_in, N) (N, n_out) = (n_in, n_out)
        np.sum(delta, axis=0, out=self.db)  # (n_out,)

    def move_to(self, weights: Array, gradients: Array) -> None:
        """Keep the weights and gradients in these vectors (size,) from now on: first all of W, then b."""
        n, W, b = self.W.size, self.W, self.b
        self.W, self.b = weights[:n].reshape(W.shape), weights[n:]
        self.dW, self.db = gradients[:n].reshape(W.shape), gradients[n:]
        self.W[:], self.b[:] = W, b

    def parameters(self) -> list[Parameter]:
        """W and b with their gradients."""
        return [(self.W, self.dW), (self.b, self.db)]


class Identity(Layer):
    """a = z."""


class ReLU(Layer):
    """a = max(0, z), with slope 1 where z > 0, else 0.

    >>> relu = ReLU()
    >>> relu.forward(np.array([[-1.0, 0.0, 2.0]])), relu.backward(np.array([[5.0, 6.0, 7.0]]))
    (array([[0., 0., 2.]]), array([[0., 0., 7.]]))
    """

    def forward(self, X: Array) -> Array:
        self.A = self._room("A", X.shape, X.dtype)
        return np.maximum(X, 0, out=self.A)

    def backward(self, delta: Array) -> Array:
        slope = self._room("slope", delta.shape, bool)
        np.greater(self.A, 0, out=slope)
        return np.multiply(delta, slope, out=self._room("dX", delta.shape, delta.dtype))


class Tanh(Layer):
    """a = tanh z, with slope 1 − a²."""

    def forward(self, X: Array) -> Array:
        self.A = self._room("A", X.shape, X.dtype)
        return np.tanh(X, out=self.A)

    def backward(self, delta: Array) -> Array:
        dX = self._room("dX", delta.shape, delta.dtype)
        np.multiply(self.A, self.A, out=dX)
        np.subtract(1, dX, out=dX)  # 1 − a²
        dX *= delta
        return dX


class Sigmoid(Layer):
    """a = σ(z), with slope a (1 − a)."""

    def forward(self, X: Array) -> Array:
        self.A = A = self._room("A", X.shape, X.dtype)
        np.tanh(np.multiply(X, 0.5, out=A), out=A)  # σ(z) = (1 + tanh(z/2)) / 2 cannot overflow
        A += 1
        A *= 0.5
        return A

    def backward(self, delta: Array) -> Array:
        dX = self._room("dX", delta.shape, delta.dtype)
        np.subtract(1, self.A, out=dX)
        dX *= self.A  # a (1 − a)
        dX *= delta
        return dX


class Dropout(Layer):
    """In training mode, where it starts, each activation is 0 with probability `rate`, else divided by 1 − rate.

    So its mean stays what it was, and out of training mode everything passes as it is. `rng` draws a new mask in each
    `forward`, one uniform number per activation, row by row; `backward` uses the mask of the last one.

    >>> dropout = Dropout(0.5, np.random.default_rng(0))
    >>> dropout.forward(np.ones((2, 4)))
    array([[2., 0., 0., 0.],
           [2., 2., 2., 2.]])
    >>> dropout.set_training(False)
    >>> dropout.forward(np.ones((1, 4)))
    array([[1., 1., 1., 1.]])
    """

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"the dropout rate is the probability to be left out: 0 ≤ rate < 1, not {rate}")
        self.rate, self.rng, self.training = float(rate), rng, True

    def forward(self, X: Array) -> Array:
        self.dropping = self.training and self.rate > 0
        if not self.dropping:
            return X
        uniform = self._room("A", X.shape, X.dtype)
        self.rng.random(out=uniform, dtype=X.dtype)
        self.mask = np.divide(uniform >= self.rate, 1 - self.rate, out=self._room("mask", X.shape, X.dtype))
        return np.multiply(X, self.mask, out=uniform)

    def backward(self, delta: Array) -> Array:
        return np.multiply(delta, self.mask, out=self._room("dX", delta.shape, delta.dtype)) if self.dropping else delta

    def set_training(self, training: bool) -> None:
        """Drop activations, or let all of them pass."""
        self.training = training


class Elementwise(Layer):
    """a = g(z) with the g and the slope of a pair of functions, as those of `activations.FUNCTIONS`.

    Unlike the layers above it takes new memory in each step.

    >>> Elementwise((np.square, lambda z: 2 * z)).forward(np.array([[1.0, 3.0]]))
    array([[1., 9.]])
    """

    def __init__(self, pair: tuple[Callable[[Array], Array], Callable[[Array], Array]]) -> None:
        super().__init__()
        self.g, self.slope = pair

    def forward(self, X: Array) -> Array:
        self.X = X
        return self.g(X).astype(X.dtype, copy=False)

    def backward(self, delta: Array) -> Array:
        return delta * self.slope(self.X).astype(delta.dtype, copy=False)


ACTIVATIONS: dict[str, type[Layer]] = {"identity": Identity, "relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}
INITS: dict[str, Init] = {"glorot": glorot, "he": he, "uniform": uniform}


def activation(name: str) -> Layer:
    """A new layer of this name: identity, relu, sigmoid or tanh.

    >>> activation("rleu")
    Traceback (most recent call last):
    ValueError: Unknown activation 'rleu'. Did you mean relu?
    """
    if name not in ACTIVATIONS:
        raise ValueError(unknown_name("activation", name, ACTIVATIONS))
    return ACTIVATIONS[name]()


class Network:
    """Dense layers of the given `sizes`, with one activation between them and one after the last.

    All weights lie in one vector, `weights` (P,), of which each layer's W and b are views, and all gradients in
    another, `gradients` (P,): an optimizer updates one vector, whatever the number of layers.

    With `dropout`, the rate of a `Dropout` layer after each hidden one, the masks come from a generator of their own,
    spawned from `rng`: weights and batches are those without it. Like its layers a network starts in training mode;
    `predict` always answers out of it.

    >>> network = Network([784, 16, 16, 10], np.random.default_rng(0))
    >>> network
    Network 784 → 16 relu → 16 relu → 10 identity: 13,002 weights, float32
    >>> network.predict(np.zeros((5, 784))).shape
    (5, 10)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        rng: np.random.Generator,
        hidden: str = "relu",
        output: str = "identity",
        init: str = "he",
        dtype: DTypeLike = np.float32,
        dropout: float = 0.0,
    ) -> None:
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(
                f"sizes holds the numbers of inputs, hidden neurons and outputs, as [784, 16, 10], not {sizes}"
            )
        if "softmax" in (hidden, output):
            raise ValueError(
                "the softmax is joined to its loss: keep output='identity', train with cross_entropy, "
                "and take losses.softmax(network.predict(X)) for probabilities"
            )
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64, not {self.dtype}")
        if init not in INITS:
            raise ValueError(unknown_name("init", init, INITS))
        self.sizes, self.hidden, self.output, self.dropout = list(sizes), hidden, output, dropout
        self.dense = [Dense(n_in, n_out, rng, INITS[init], self.dtype) for n_in, n_out in pairwise(sizes)]
        self.layers: list[Layer] = []
        masks = rng.spawn(1)[0] if dropout else None
        for dense, name in zip(self.dense, self._activations(), strict=True):
            self.layers += [dense, activation(name)]
            if masks and dense is not self.dense[-1]:
                self.layers.append(Dropout(dropout, masks))
        self.training = True
        self.weights = np.zeros(sum(dense.size for dense in self.dense), self.dtype)
        self.gradients = np.zeros_like(self.weights)
        start = 0
        for dense in self.dense:
            here = slice(start, start + dense.size)
            dense.move_to(self.weights[here], self.gradients[here])
            start += dense.size

    def __repr__(self) -> str:
        layers = " → ".join(f"{n} {name}" for n, name in zip(self.sizes[1:], self._activations(), strict=True))
        dropout = f", dropout {self.dropout:g}" if self.dropout else ""
        return f"Network {self.sizes[0]} → {layers}: {self.weights.size:,} weights, {self.dtype}{dropout}"

    def forward(self, X: ArrayLike) -> Array:
        """The output (N, n_out) for `X` (N, n_in), in memory that the next call overwrites."""
        A = self.checked(X)
        for layer in self.layers:
            A = layer.forward(A)
        return A

    def backward(self, delta: Array) -> None:
        """Set the gradients from `delta` = dL/d(output), after `forward`."""
        for layer in reversed(self.layers[1:]):
            delta = layer.backward(delta)
        self.dense[0].set_gradients(delta)

    def predict(self, X: ArrayLike) -> Array:
        """The output (N, n_out) for any number of rows, as a new array, out of training mode."""
        X, training = self.checked(X), self.training
        Y_hat = np.empty((len(X), self.sizes[-1]), self.dtype)
        self.set_training(False)
        for i in range(0, len(X), CHUNK):
            Y_hat[i : i + CHUNK] = self.forward(X[i : i + CHUNK])
        self.set_training(training)
        return Y_hat

    def set_training(self, training: bool) -> None:
        """Set the mode of all layers."""
        self.training = training
        for layer in self.layers:
            layer.set_training(training)

    def checked(self, X: ArrayLike) -> Array:
        """`X` as an array of the network's dtype, if its rows have as many features as the network has inputs."""
        X = np.asarray(X, self.dtype)
        if X.ndim != 2 or X.shape[1] != self.sizes[0]:
            advice = ": make rows of the images with X.reshape(len(X), -1)" if X.ndim > 2 else ""
            raise ValueError(f"X must have the shape (N, {self.sizes[0]}), one example per row, not {X.shape}{advice}")
        return X

    def _activations(self) -> list[str]:
        return [self.hidden] * (len(self.sizes) - 2) + [self.output]
