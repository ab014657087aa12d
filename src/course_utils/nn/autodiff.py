"""Derivatives by the chain rule, backwards through any expression: reverse-mode automatic differentiation.

A `Tensor` is an array that remembers its parents, the tensors that it was computed from, and for each of them a
*pull*: the function that turns dL/d(self) into this parent's share of dL. `backward` follows the pulls from L
to the inputs, and adds up the shares where paths meet. That is all.

>>> w1, w2 = Tensor(0.5), Tensor(2.0)
>>> y = w2 * exp(w1 * 3.0)
>>> y.backward()
>>> w1.grad == 3 * 2 * np.exp(1.5), w2.grad == np.exp(1.5)
(np.True_, np.True_)
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.nn import perceptron

Array = NDArray[np.float64]
Pull = Callable[[Array], Array]


class Tensor:
    """An array, `value`, with the derivative `grad` of the last result on which `backward` was called."""

    __array_ufunc__ = None  # lets `array * tensor` come to Tensor.__rmul__

    def __init__(self, value: ArrayLike, parents: Sequence[tuple["Tensor", Pull]] = ()) -> None:
        self.value: Array = np.asarray(value, dtype=float)
        self.grad: Array = np.zeros_like(self.value)
        self.parents = parents

    def __repr__(self) -> str:
        return f"Tensor({self.value}, grad={self.grad})"

    def __add__(self, other: "Operand") -> "Tensor":
        a, b = self, as_tensor(other)
        return Tensor(a.value + b.value, [(a, lambda g: g), (b, lambda g: g)])

    def __mul__(self, other: "Operand") -> "Tensor":
        a, b = self, as_tensor(other)
        return Tensor(a.value * b.value, [(a, lambda g: g * b.value), (b, lambda g: g * a.value)])

    def __pow__(self, p: "Tensor | float") -> "Tensor":
        if isinstance(p, Tensor):
            return exp(p * log(self))
        slope = p * self.value ** (p - 1) if p else np.zeros_like(self.value)
        return Tensor(self.value**p, [(self, lambda g: g * slope)])

    def __matmul__(self, other: "Operand") -> "Tensor":
        a, b = self, as_tensor(other)
        if not (a.value.ndim in (1, 2) and b.value.ndim in (1, 2)):
            raise ValueError(f"@ takes vectors and matrices, not shapes {a.value.shape} and {b.value.shape}")
        A = np.atleast_2d(a.value)  # (N, n)
        B = b.value if b.value.ndim == 2 else b.value[:, None]  # (n, m)
        parents = [
            (a, lambda g: (g.reshape(len(A), -1) @ B.T).reshape(a.value.shape)),  # (N, m) (m, n)
            (b, lambda g: (A.T @ g.reshape(len(A), -1)).reshape(b.value.shape)),  # (n, N) (N, m)
        ]
        return Tensor(a.value @ b.value, parents)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        """The sum over `axis`, as NumPy's; each term gets the derivative of the sum."""
        kept = self.value.sum(axis=axis, keepdims=True)
        parents = [(self, lambda g: np.broadcast_to(g.reshape(kept.shape), self.value.shape))]
        return Tensor(kept if keepdims else np.squeeze(kept, axis), parents)

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        """The mean over `axis`, as NumPy's."""
        total = self.sum(axis, keepdims)
        return total * (total.value.size / self.value.size)

    def __neg__(self) -> "Tensor":
        return self * -1

    def __sub__(self, other: "Operand") -> "Tensor":
        return self + -as_tensor(other)

    def __truediv__(self, other: "Operand") -> "Tensor":
        return self * as_tensor(other) ** -1

    def __rsub__(self, other: ArrayLike) -> "Tensor":
        return as_tensor(other) - self

    def __rtruediv__(self, other: ArrayLike) -> "Tensor":
        return as_tensor(other) / self

    def __rpow__(self, other: ArrayLike) -> "Tensor":
        return as_tensor(other) ** self

    def __rmatmul__(self, other: ArrayLike) -> "Tensor":
        return as_tensor(other) @ self

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        """Set `grad` of every tensor that went into this number to the derivative of this number.

        Each call starts from zero: unlike PyTorch, nothing is added to the gradients of an earlier call.

        >>> x = Tensor([1.0, 2.0])
        >>> (x * x).sum().backward()
        >>> x.grad
        array([2., 4.])
        """
        if self.value.size != 1:
            raise ValueError(f"backward starts from one number, not from {self.value.shape}: add .sum() or .mean()")
        order = self._parents_first()
        for node in order:
            node.grad = np.zeros_like(node.value)
        self.grad = np.ones_like(self.value)
        for node in reversed(order):
            for parent, pull in node.parents:
                parent.grad = parent.grad + unbroadcast(pull(node.grad), parent.value.shape)

    def _parents_first(self) -> list["Tensor"]:
        """Every tensor that went into this one, each after its parents (a topological order)."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:  # a stack of our own: long chains would exceed Python's recursion limit
            node, parents_done = stack.pop()
            if parents_done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent, _ in node.parents)
        return order


Operand = Tensor | ArrayLike


def as_tensor(x: Operand) -> Tensor:
    """`x` itself if it is a tensor, otherwise a tensor without parents."""
    return x if isinstance(x, Tensor) else Tensor(x)


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum `g` over the axes along which an array of `shape` was stretched to the shape of `g`.

    >>> unbroadcast(np.ones((5, 3)), (1, 3))
    array([[5., 5., 5.]])
    """
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(axis for axis, n in enumerate(shape) if n == 1), keepdims=True)


def _function(f: Callable[[Array], Array], slope: Callable[[Array, Array], Array]) -> Callable[[Operand], Tensor]:
    """y = f(x), element by element, with the derivative dy/dx = slope(x, y)."""

    def of(x: Operand) -> Tensor:
        x = as_tensor(x)
        y = f(x.value)
        return Tensor(y, [(x, lambda g: g * slope(x.value, y))])

    return of


exp = _function(np.exp, lambda x, y: y)
log = _function(np.log, lambda x, y: 1 / x)
tanh = _function(np.tanh, lambda x, y: 1 - y**2)
sigmoid = _function(perceptron.sigmoid, lambda x, y: y * (1 - y))
relu = _function(lambda x: np.maximum(x, 0), lambda x, y: x > 0)  # slope 0 at x = 0: PyTorch's convention too
