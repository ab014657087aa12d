"""Hand results of a graded notebook to the grader, to be scored where no student's code runs.

A hidden test ends in `hand_over(predictions=…)`. When the course's grader runs it, the arrays leave the sandbox as
bytes, and the function with the name of the test cell in `solutions/<assignment>/scoring.py` judges them, with labels
that were never where the student's code is. Anywhere else nothing is judged.

>>> hand_over(answer=[1, 2, 3])
handed over: answer (3,); it is scored when the notebook is graded
"""

import base64
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

DTYPES = ("<f8", "<f4", "<i8", "<i4", "|u1", "|b1")
MOST_ARRAYS = 50
MOST_BYTES = 4_000_000

receiver: Callable[[dict[str, Any]], None] | None = None  #: set in the sandbox: where the arrays go


class HandoverError(ValueError):
    """These arrays cannot be handed over, or what was received is none."""


def hand_over(**arrays: ArrayLike) -> None:
    """Give `arrays` of numbers to the grader."""
    plain = {name: np.asarray(value) for name, value in arrays.items()}
    encoded = encode(plain)
    if receiver is None:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in plain.items())
        print(f"handed over: {shapes}; it is scored when the notebook is graded")
    else:
        receiver(encoded)


def encode(arrays: Mapping[str, NDArray]) -> dict[str, Any]:
    """Arrays as JSON can carry them."""
    if sum(array.nbytes for array in arrays.values()) > MOST_BYTES:
        raise HandoverError(f"at most {MOST_BYTES / 1e6:.0f} MB can be handed over")
    for name, array in arrays.items():
        if array.dtype.str not in DTYPES:
            raise HandoverError(f"{name} has dtype {array.dtype}: hand over floats, integers or booleans")
    return {
        name: {"dtype": array.dtype.str, "shape": array.shape, "data": base64.b64encode(array.tobytes()).decode()}
        for name, array in arrays.items()
    }


def decode(received: object) -> dict[str, NDArray]:
    """What `encode` has made; anything else is refused. Nothing in it is executed or believed.

    >>> decode(encode({"x": np.arange(3.0)}))
    {'x': array([0., 1., 2.])}
    """
    if not isinstance(received, dict) or len(received) > MOST_ARRAYS:
        raise HandoverError("these are no arrays")
    return {str(name)[:100]: _array(entry) for name, entry in received.items()}


def _array(entry: object) -> NDArray:
    try:
        name, shape, data = entry["dtype"], tuple(entry["shape"]), base64.b64decode(entry["data"], validate=True)
        whole = all(type(n) is int and 0 <= n <= MOST_BYTES for n in shape) and len(shape) <= 8
        if name not in DTYPES or not whole or math.prod(shape) * np.dtype(name).itemsize != len(data):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise HandoverError("this is no array of numbers") from None
    return np.frombuffer(data, name).reshape(shape)
