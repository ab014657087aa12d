"""MNIST: handwritten digits, the first real data of the course."""

import functools
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from course_utils.data.store import read


class Mnist(NamedTuple):
    """The four arrays of MNIST, all uint8: images X (N, 28, 28) in 0…255, labels y (N,) in 0…9."""

    X_train: NDArray[np.uint8]
    y_train: NDArray[np.uint8]
    X_test: NDArray[np.uint8]
    y_test: NDArray[np.uint8]


@functools.cache
def mnist() -> Mnist:
    """All of MNIST, 60 000 images to train on and 10 000 to test on, as read-only arrays.

    Every call returns the same arrays, which is why they are read-only: compute from them (``X_train / 255``)
    or take a copy (``X_train.copy()``). Raises `DataError` if a file is missing or damaged.

    >>> X_train, y_train, X_test, y_test = mnist()
    >>> X_train.shape, X_test.shape, int(y_train[0])
    ((60000, 28, 28), (10000, 28, 28), 5)
    """
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    with ThreadPoolExecutor() as pool:
        contents = pool.map(read, [f"mnist/{name}-ubyte.xz" for name in names])
        return Mnist(*map(_from_idx, contents))


def _from_idx(content: bytes) -> NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes: magic number, length of each axis, values.

    >>> _from_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([[7, 8, 9]], dtype=uint8)
    """
    ndim = content[3]
    shape = struct.unpack_from(f">{ndim}I", content, offset=4)
    # An array over bytes, which are immutable, is read-only from birth.
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(shape)
