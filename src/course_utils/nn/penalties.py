"""Penalties on large weights, for `fit(..., penalty=...)`: L1, L2, and both, the elastic net.

The convention is l1 Σ|w| + l2 Σw² / 2, summed over the weights of all layers; the biases are free. The slope is
l1 sign(w) + l2 w, with sign(0) = 0. So `L2(λ)` with `SGD` multiplies the weights by 1 − η λ in each step, as PyTorch's
`weight_decay=λ` and as the `decay` of `AdamW`. With Adam that is different: the slope of a penalty is divided by √s
with the rest, and the decay of AdamW is not. (Both decays also shrink the biases.)
"""

from dataclasses import dataclass, field

import numpy as np

from course_utils.nn.layers import Array, Network


@dataclass(frozen=True)
class ElasticNet:
    """The penalty l1 Σ|w| + l2 Σw² / 2.

    >>> penalty = ElasticNet(l1=0.1, l2=1.0)
    >>> w = np.array([-2.0, 0.0, 0.5])
    >>> penalty(w), penalty.slope(w)
    (2.375, array([-2.1,  0. ,  0.6]))
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        for name, strength in (("l1", self.l1), ("l2", self.l2)):
            if not 0 <= strength < np.inf:
                raise ValueError(f"{name} must be zero or positive, not {strength}: a penalty makes weights smaller")

    def __call__(self, w: Array) -> float:
        """The value for the weights `w` of any shape."""
        return self.l1 * float(np.abs(w).sum()) + self.l2 / 2 * float(np.vdot(w, w))

    def slope(self, w: Array) -> Array:
        """The derivative with respect to each weight; at w = 0, where |w| has a corner, that of Σw² / 2 alone."""
        return self.l1 * np.sign(w) + self.l2 * w

    def add_slope(self, network: Network) -> None:
        """Add the slope to the gradients of the weights of `network`, not to those of its biases."""
        for dense in network.dense:
            dense.dW += self.slope(dense.W)

    def proximal(self, w: Array, lr: float) -> Array:
        """Where a proximal step with rate `lr` ends: the v with the least (v − w)² / 2 + lr · penalty(v).

        Unlike a step along the slope it stops at 0: weights up to lr · l1 become exactly 0.

        >>> ElasticNet(l1=1.0, l2=10.0).proximal(np.array([-1.1, 0.05, 0.3]), lr=0.1)
        array([-0.5,  0. ,  0.1])
        """
        return np.sign(w) * np.maximum(np.abs(w) - lr * self.l1, 0) / (1 + lr * self.l2)


@dataclass(frozen=True)
class L1(ElasticNet):
    """The penalty l1 Σ|w|, the lasso.

    >>> L1(0.1), L1(0.1).slope(np.array([-2.0, 0.5]))
    (L1(l1=0.1), array([-0.1,  0.1]))
    """

    l2: float = field(default=0.0, init=False, repr=False)


@dataclass(frozen=True)
class L2(ElasticNet):
    """The penalty l2 Σw² / 2: ridge regression, weight decay.

    >>> L2(0.1), L2(0.1).slope(np.array([-2.0, 0.5]))
    (L2(l2=0.1), array([-0.2 ,  0.05]))
    """

    l1: float = field(default=0.0, init=False, repr=False)
