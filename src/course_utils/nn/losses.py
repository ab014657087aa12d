"""Losses: each gives the number L and δ = dL/d(the output of the network), the start of backpropagation.

`out`, where a loss takes it, is an array to write δ into, so that a training loop needs no new memory.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.names import unknown_name

Array = NDArray[np.floating]

AVERAGES = ("entries", "examples", "sum")


def squared_error(
    Y_hat: ArrayLike, Y: ArrayLike, over: str = "examples", out: Array | None = None
) -> tuple[float, Array]:
    """The squared error of outputs `Y_hat` (N, K) and targets `Y` (N, K), and δ (N, K).

    Three conventions are in use, and they differ in the length of a step of gradient descent:

    ============== ======================== ================ ==========================================
    `over`         L                        δ
    ============== ======================== ================ ==========================================
    `"examples"`   Σ (ŷ − y)² / (2N)        (ŷ − y) / N      the mean over the examples of half a square
    `"sum"`        Σ (ŷ − y)² / 2           ŷ − y            as for one neuron by hand
    `"entries"`    Σ (ŷ − y)² / (N K)       2 (ŷ − y)/(N K)  PyTorch's MSELoss, Keras' "mse"
    ============== ======================== ================ ==========================================

    >>> squared_error([[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 2.0]])
    (1.25, array([[ 0.5,  0. ], [ 0. , -1. ]]))
    """
    Y_hat, Y = _floats(Y_hat), np.asarray(Y)
    if Y.shape != Y_hat.shape:
        raise ValueError(f"the targets have shape {Y.shape}, the outputs {Y_hat.shape}{_advice(Y_hat, Y)}")
    if over not in AVERAGES:
        raise ValueError(unknown_name("average", over, AVERAGES))
    c = {"examples": 1 / len(Y), "sum": 1.0, "entries": 2 / Y.size}[over]
    delta = np.subtract(Y_hat, Y, out=out)
    loss = 0.5 * c * float(np.vdot(delta, delta))
    delta *= c
    return loss, delta


def cross_entropy(Z: ArrayLike, y: ArrayLike, out: Array | None = None) -> tuple[float, Array]:
    """The mean of −log p(label), with p = softmax(Z) for the sums `Z` (N, K), and δ = dL/dZ = (p − Y) / N.

    `y` holds the labels (N,), integers from 0 to K − 1, or a probability for each class (N, K).

    >>> loss, delta = cross_entropy([[0.0, 0.0], [0.0, 1000.0]], [0, 1])
    >>> round(2 * loss, 6), delta
    (0.693147, array([[-0.25,  0.25], [ 0.  ,  0.  ]]))
    """
    Z, y = _floats(Z), np.asarray(y)
    N, K = _two_dimensional(Z)
    delta = np.subtract(Z, Z.max(axis=1, keepdims=True), out=out)  # the largest becomes 0: exp cannot overflow
    if y.shape == (N,):
        labels = (np.arange(N), check_labels(y, K))
        log_p = delta[labels].sum()  # Σ z(label), still without its normalization
    elif y.shape == (N, K):
        log_p = np.vdot(y, delta)
    else:
        raise ValueError(f"y must hold one label per row ({N},) or one probability per class ({N}, {K}), not {y.shape}")
    np.exp(delta, out=delta)
    total = delta.sum(axis=1, keepdims=True)  # (N, 1)
    delta /= total  # softmax(Z)
    if y.ndim == 1:
        delta[labels] -= 1
        loss = np.log(total).sum() - log_p
    else:
        delta *= y.sum(axis=1, keepdims=True)
        delta -= y
        loss = np.vdot(y.sum(axis=1), np.log(total)) - log_p
    delta /= N
    return float(loss) / N, delta


def binary_cross_entropy(z: ArrayLike, y: ArrayLike, out: Array | None = None) -> tuple[float, Array]:
    """The mean of −y log σ(z) − (1 − y) log(1 − σ(z)) for sums `z` (N,) or (N, 1), and δ = dL/dz = (σ(z) − y) / N.

    The targets `y`, of the shape of `z`, lie between 0 and 1.

    >>> loss, delta = binary_cross_entropy([0.0, -1000.0], [1, 1])
    >>> round(2 * loss, 6), delta
    (1000.693147, array([-0.25, -0.5 ]))
    """
    z, y = _floats(z), np.asarray(y)
    if y.shape != z.shape:
        raise ValueError(f"the targets have shape {y.shape}, the outputs {z.shape}{_advice(z, y)}")
    if y.size and not (y.min() >= 0 and y.max() <= 1):
        raise ValueError(f"the targets of binary_cross_entropy lie between 0 and 1, not {y.min()} and {y.max()}")
    # log(1 + e^z) = max(z, 0) + log(1 + e^(−|z|)) never takes exp of a large number, nor does σ by tanh.
    softplus = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    loss = np.sum(softplus) - np.vdot(z, y)
    delta = np.subtract((1 + np.tanh(z / 2)) / 2, y, out=out)
    delta /= len(z)
    return float(loss) / len(z), delta


def softmax(Z: ArrayLike) -> Array:
    """The probabilities e^z / Σ e^z of each row of `Z` (N, K).

    >>> softmax([[0.0, 0.0], [0.0, -1000.0]])
    array([[0.5, 0.5], [1. , 0. ]])
    """
    Z = _floats(Z)
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    return E / E.sum(axis=-1, keepdims=True)


def one_hot(y: ArrayLike, K: int) -> Array:
    """A row for each label (N,): 1 in the column of its class, 0 in the others (N, K).

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.], [1., 0., 0.]])
    """
    return np.eye(K)[check_labels(np.asarray(y), K)]


def accuracy(Y_hat: ArrayLike, y: ArrayLike, threshold: float = 0.0) -> float:
    """The fraction of right answers: of `Y_hat` (N, K) the column with the largest output, or (N, 1) > `threshold`.

    `y` holds labels (N,) or, in the shape of `Y_hat`, one-hot rows. The threshold 0 is for sums z; after a sigmoid
    it is 0.5.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    Y_hat, y = np.asarray(Y_hat), np.asarray(y)
    if Y_hat.ndim == 2 and Y_hat.shape[1] > 1:
        labels = y.argmax(axis=1) if y.ndim == 2 else y
        return float(np.count_nonzero(Y_hat.argmax(axis=1) == labels) / len(y))
    y = y.ravel()
    if not np.isin(y, (0, 1)).all():
        raise ValueError("accuracy needs the classes 0 and 1; for regression use metric=None")
    return float(np.count_nonzero((Y_hat.ravel() > threshold) == y) / len(y))


def check_labels(y: NDArray, K: int) -> NDArray[np.integer]:
    """The labels `y`, if they are integers from 0 to K − 1; else a ValueError that tells what to do."""
    if y.dtype.kind not in "iu":
        raise ValueError(f"labels are integers from 0 to {K - 1}, not {y.dtype}: use y.astype(int)")
    if y.size and (y.min() < 0 or y.max() >= K):
        wrong = y.min() if y.min() < 0 else y.max()
        raise ValueError(f"label {wrong} is out of range: {K} outputs have the labels 0 to {K - 1}")
    return y


def _floats(values: ArrayLike) -> Array:
    """`values` as floats; float32 stays float32."""
    array = np.asarray(values)
    return array if array.dtype.kind == "f" else array.astype(float)


def _two_dimensional(Z: Array) -> tuple[int, int]:
    if Z.ndim != 2:
        raise ValueError(f"Z must have the shape (N, K), one row per example, not {Z.shape}")
    return Z.shape


def _advice(Y_hat: Array, Y: NDArray) -> str:
    """How to bring targets to the shape of the outputs."""
    if Y.ndim == 1 and Y_hat.shape == (len(Y), 1):
        return ": use y[:, None]"
    if Y.ndim == 1 and Y_hat.ndim == 2 and len(Y) == len(Y_hat):
        return f": use one_hot(y, {Y_hat.shape[1]}) for labels"
    return ": they must be the same"
