"""What makes deep networks trainable: batch normalization (Ioffe and Szegedy 2015), residual blocks (He et al. 2016).

`Sequential` joins layers to a network, and `fold` is how to be rid of batch normalization once training is over.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from course_utils.nn.layers import Array, Layer, Parameter


class Sequential(Layer):
    """Layers one after the other, as one layer.

    >>> from course_utils.nn.layers import Dense, ReLU
    >>> rng = np.random.default_rng(0)
    >>> network = Sequential([Dense(3, 4, rng), BatchNorm(4), ReLU(), Dense(4, 2, rng)])
    >>> network.forward(np.eye(3)).shape
    (3, 2)
    >>> [w.shape for w, gradient in network.parameters()]
    [(3, 4), (4,), (4,), (4,), (4, 2), (2,)]
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.layers = list(layers)

    def forward(self, X: Array) -> Array:
        """What the last layer gives."""
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, delta: Array) -> Array:
        """dL/dX; sets the gradients of all layers."""
        for layer in reversed(self.layers):
            delta = layer.backward(delta)
        return delta

    def parameters(self) -> list[Parameter]:
        """Those of all layers, in their order."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def set_training(self, training: bool) -> None:
        """Set the mode of all layers."""
        for layer in self.layers:
            layer.set_training(training)


class Residual(Sequential):
    """a = x + F(x), where the layers are F, and their output has the shape of their input.

    >>> from course_utils.nn.layers import ReLU
    >>> block = Residual([ReLU()])
    >>> block.forward(np.array([[-1.0, 2.0]])), block.backward(np.array([[1.0, 1.0]]))
    (array([[-1.,  4.]]), array([[1., 2.]]))
    """

    def forward(self, X: Array) -> Array:
        """x + F(x) for the rows of `X`."""
        F = super().forward(X)
        if F.shape != X.shape:
            raise ValueError(f"the layers turn rows {X.shape} into {F.shape}: only equal shapes can be added")
        return X + F

    def backward(self, delta: Array) -> Array:
        """dL/dX, what came past the layers and what came through them."""
        return delta + super().backward(delta)


class BatchNorm(Layer):
    """Each of `n` columns brought to mean 0 and variance 1, then scaled by γ and moved by β; PyTorch's conventions.

    In training mode, where it starts, mean and variance are those of the rows that come in, and the running ones move
    towards them by the share `momentum`. Out of it the running ones are used, so that each row is answered on its own.

    >>> norm = BatchNorm(2)
    >>> norm.forward(np.array([[1.0, 5.0], [3.0, 5.0]])).round(3)
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> norm.running_mean
    array([0.2, 0.5])
    """

    def __init__(self, n: int, momentum: float = 0.1, eps: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.gamma, self.beta = np.ones(n, dtype), np.zeros(n, dtype)
        self.dgamma, self.dbeta = np.zeros(n, dtype), np.zeros(n, dtype)
        self.running_mean, self.running_var = np.zeros(n, dtype), np.ones(n, dtype)
        self.training = True

    def forward(self, X: Array) -> Array:
        """γ (X − μ) / √(v + ε) + β for `X` (N, n)."""
        X = np.asarray(X, self.gamma.dtype)
        if self.training:
            N = len(X)
            if N < 2:
                raise ValueError(
                    "one row has no variance: batch normalization needs batches of 2 or more while it trains; "
                    "to answer single rows, call set_training(False)"
                )
            mean, var = X.mean(axis=0), X.var(axis=0)  # (n,)
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (var * N / (N - 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        self.scale = 1 / np.sqrt(var + self.eps)  # (n,)
        self.X_hat = (X - mean) * self.scale  # (N, n)
        return self.gamma * self.X_hat + self.beta

    def backward(self, delta: Array) -> Array:
        """dL/dX (N, n) from `delta` = dL/dA (N, n); sets dgamma and dbeta."""
        self.dgamma[:] = np.sum(delta * self.X_hat, axis=0)
        self.dbeta[:] = np.sum(delta, axis=0)
        if self.training:  # μ and v depend on X as well
            delta = delta - (self.dbeta + self.X_hat * self.dgamma) / len(delta)
        return self.gamma * self.scale * delta

    def parameters(self) -> list[Parameter]:
        """γ and β with their gradients."""
        return [(self.gamma, self.dgamma), (self.beta, self.dbeta)]

    def set_training(self, training: bool) -> None:
        """Normalize with the rows that come in, or with the running mean and variance."""
        self.training = training


def fold(W: Array, b: Array, norm: BatchNorm) -> tuple[Array, Array]:
    """The weights and biases of the dense layer that does the work of X W + b followed by `norm` out of training.

    >>> norm = BatchNorm(1)
    >>> norm.running_mean[:], norm.running_var[:] = 3.0, 4.0
    >>> W, b = fold(np.array([[2.0]]), np.array([5.0]), norm)
    >>> W.round(3), b.round(3)
    (array([[1.]]), array([1.]))
    """
    scale = norm.gamma / np.sqrt(norm.running_var + norm.eps)  # (n,)
    return W * scale, (b - norm.running_mean) * scale + norm.beta
