"""Jets as images: constituents are moved, turned and mirrored alike, then summed into pixels.

Jets come as three arrays of shape (N, K), one row per jet: `pt` of the constituents and their `deta` and `dphi`,
in any order; pt = 0 marks padding. The coordinates may be relative to the jet or absolute: φ is wrapped here, and
a jet must only be narrower than π. Jagged jets become such arrays with `pad_jagged`.

The frame follows Macaluso and Shih (arXiv:1803.00107): the pT centroid at the origin, the principal axis vertical,
the harder halves up and right, all before the pixels are filled. De Oliveira et al., "Jet-images — deep learning
edition" (arXiv:1511.05190), put the leading subjet at the origin and the second one below it. That needs subjets
to be clustered first, and turning pixels instead of constituents blurs the image. The centroid and the
axis are sums over constituents, so a soft or a collinear emission changes them little or not at all.
"""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Floats = NDArray[np.float64]

SIZE = 32
WIDTH = 1.6  # the diameter of an anti-kt jet with R = 0.8

_LARGEST = 1e30  # squares and sums of this are finite
_TIE = 1e-6  # two halves or two axes that differ by less than this part are equal
_ON_AXIS = 1e-6  # a constituent this near to an axis is in neither half
_BEFORE_EDGE = 1e-4  # of a pixel: rounding must not split what lies on an axis
_CHUNK = 256  # jets whose arrays and pixels fit a core's cache


def jet_images(
    pt: ArrayLike,
    deta: ArrayLike,
    dphi: ArrayLike,
    size: int = SIZE,
    width: float = WIDTH,
    *,
    centered: bool = True,
    rotated: bool = True,
    flipped: bool = True,
    norm: str | None = "sum",
) -> NDArray[np.float32]:
    """Images (N, size, size), float32, of the jets with constituents `pt`, `deta`, `dphi` (N, K).

    The steps are `translate`, `rotate`, `flip`, `pixelate` and `normalize`; the first three can be left out. Rows
    count up with φ and columns with η, so plot with ``origin="lower"``. What lies outside the square of side
    `width` about the origin is dropped. An empty jet gives an image of zeros.

    >>> images = jet_images([[30.0, 70.0, 0.0]], [[0.3, -0.3, 0.0]], [[3.1, -3.1, 0.0]], size=4)
    >>> images[0, ::-1]  # the harder prong is up
    array([[0. , 0. , 0. , 0. ],
           [0. , 0. , 0.7, 0. ],
           [0. , 0. , 0. , 0. ],
           [0. , 0. , 0.3, 0. ]], dtype=float32)
    """
    _require_frame(size, width)
    _require_norm(norm)
    pt, deta, dphi = _jets(pt, deta, dphi)
    images = np.empty((len(pt), size, size), np.float32)
    for start in range(0, len(pt), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        w, x, y = pt[chunk].astype(float), deta[chunk].astype(float), dphi[chunk].astype(float)
        x, y = translate(w, x, y) if centered else (x, _wrapped(y))
        if rotated:
            x, y = rotate(w, x, y)
        if flipped:
            x, y = flip(w, x, y)
        images[chunk] = normalize(pixelate(w, x, y, size, width), norm)
    return images


def translate(pt: ArrayLike, deta: ArrayLike, dphi: ArrayLike) -> tuple[Floats, Floats]:
    """The coordinates (N, K), (N, K) with each jet's pT centroid at the origin.

    φ is first taken relative to the hardest constituent, between −π and π, so that a jet across φ = ±π stays whole.

    >>> translate([[1.0, 3.0]], [[0.0, 0.4]], [[0.0, 2 * np.pi]])
    (array([[-0.3,  0.1]]), array([[0., 0.]]))
    """
    pt, x, y = _jets(pt, deta, dphi, float)
    hardest = pt.argmax(axis=1)[:, None]
    y = _wrapped(y - np.take_along_axis(y, hardest, axis=1))
    total = _positive(pt.sum(axis=1))
    x0 = np.einsum("nk,nk->n", pt, x) / total
    y0 = np.einsum("nk,nk->n", pt, y) / total
    return x - x0[:, None], y - y0[:, None]


def rotate(pt: ArrayLike, deta: ArrayLike, dphi: ArrayLike) -> tuple[Floats, Floats]:
    """The coordinates (N, K), (N, K) turned about the origin until the principal axis of pT is vertical.

    The jet is turned by at most 90°, which leaves open what is up: see `flip`. A round jet, without such an axis,
    stays as it is.

    >>> x, y = rotate([[2.0, 1.0]], [[-0.1, 0.2]], [[-0.1, 0.2]])
    >>> np.allclose(x, 0), np.allclose(y, [[-0.02**0.5, 0.08**0.5]])
    (True, True)
    """
    pt, x, y = _jets(pt, deta, dphi, float)
    xx, yy, xy = (np.einsum("nk,nk,nk->n", pt, a, b) for a, b in ((x, x), (y, y), (x, y)))
    theta = 0.5 * np.arctan2(2 * xy, xx - yy)  # of the axis, from horizontal
    round_ = np.hypot(2 * xy, xx - yy) <= _TIE * (xx + yy)
    theta[round_] = np.pi / 2
    theta[theta < -_TIE] += np.pi
    cos, sin = np.cos(theta)[:, None], np.sin(theta)[:, None]
    return x * sin - y * cos, x * cos + y * sin


def flip(pt: ArrayLike, deta: ArrayLike, dphi: ArrayLike) -> tuple[Floats, Floats]:
    """The coordinates (N, K), (N, K) mirrored so that the upper and the right half hold more pT than the others.

    Halves of equal pT, to one part in a million, stay where they are.

    >>> flip([[2.0, 1.0]], [[-0.1, 0.1]], [[0.2, -0.2]])
    (array([[ 0.1, -0.1]]), array([[ 0.2, -0.2]]))
    """
    pt, x, y = _jets(pt, deta, dphi, float)
    tie = _TIE * pt.sum(axis=1)
    return x * _harder_side(pt, x, tie), y * _harder_side(pt, y, tie)


def pixelate(pt: ArrayLike, deta: ArrayLike, dphi: ArrayLike, size: int = SIZE, width: float = WIDTH) -> Floats:
    """The pT in each pixel, (N, size, size): pixel [n, i, j] is the i-th from below in φ and the j-th in η.

    The frame is the square of side `width` about the origin; a constituent outside is dropped. One on the line
    between two pixels counts for the upper or right one; on the upper or right border it is outside. To keep
    rounding out of this, pixels begin a ten-thousandth of their width early.

    >>> pixelate([[5.0, 2.0, 1.0]], [[-0.3, 0.3, 9.0]], [[-0.3, 0.3, 9.0]], size=2)
    array([[[5., 0.],
            [0., 2.]]])
    """
    _require_frame(size, width)
    pt, x, y = _jets(pt, deta, dphi, float)
    column = np.floor(x * (size / width) + (size / 2 + _BEFORE_EDGE))
    row = np.floor(y * (size / width) + (size / 2 + _BEFORE_EDGE))
    inside = (column >= 0) & (column < size) & (row >= 0) & (row < size)
    pixel = np.where(inside, row * size + column, 0).astype(np.intp)
    pixel += np.arange(0, len(pt) * size**2, size**2)[:, None]
    sums = np.bincount(pixel.ravel(), (pt * inside).ravel(), minlength=len(pt) * size**2)
    return sums.reshape(len(pt), size, size)


def normalize(images: ArrayLike, norm: str | None = "sum") -> Floats:
    """`images` (N, size, size) divided by their sums (``"sum"``), by their lengths (``"l2"``) or by 1 (None).

    >>> normalize([[[3.0, 4.0]], [[0.0, 0.0]]], "l2")
    array([[[0.6, 0.8]],
           [[0. , 0. ]]])
    """
    _require_norm(norm)
    images = np.asarray(images, float)
    if images.ndim != 3:
        raise ValueError(f"images must have the shape (N, size, size), got {images.shape}; for one pass image[None]")
    if norm is None:
        return images
    flat = images.reshape(len(images), -1)
    scale = flat.sum(axis=1) if norm == "sum" else np.sqrt(np.einsum("np,np->n", flat, flat))
    return images / _positive(scale)[:, None, None]


def pad_jagged(counts: ArrayLike, *values: ArrayLike, length: int | None = None) -> tuple[NDArray, ...]:
    """Arrays (N, length) with zeros after the last constituent, of flat `values` and the `counts` (N,) per jet.

    `length` is by default the longest jet's; of a longer jet the first `length` constituents are kept. From Awkward
    Array: ``pad_jagged(ak.num(pt), ak.flatten(pt), ak.flatten(deta), ak.flatten(dphi))``; from offsets:
    ``pad_jagged(np.diff(offsets), …)``.

    >>> pad_jagged([2, 0, 1], [5.0, 3.0, 4.0])
    (array([[5., 3.],
           [0., 0.],
           [4., 0.]]),)
    """
    counts = np.asarray(counts)
    if counts.ndim != 1 or counts.dtype.kind not in "iu" or (counts < 0).any():
        raise ValueError(f"counts must hold one whole number ≥ 0 per jet, got {counts!r}")
    if length is None:
        length = int(counts.max(initial=1))
    _require_whole("length", length)
    flat = [np.asarray(value) for value in values]
    for value in flat:
        if value.shape != (counts.sum(),):
            raise ValueError(
                f"counts add up to {counts.sum()} constituents, but the values have shape {value.shape}: "
                "pass them flat, one number per constituent"
            )
    column = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
    kept = column < length
    filled = np.arange(length) < counts[:, None]  # (N, length)
    arrays = tuple(np.zeros(filled.shape, value.dtype) for value in flat)
    for array, value in zip(arrays, flat, strict=True):
        array[filled] = value[kept]
    return arrays


def _jets(pt: ArrayLike, deta: ArrayLike, dphi: ArrayLike, dtype: DTypeLike = None) -> tuple[NDArray, NDArray, NDArray]:
    """The three arrays of jets, checked; float64 if `dtype` says so, else as they come."""
    try:
        arrays = [np.asarray(values) for values in (pt, deta, dphi)]
    except ValueError:  # rows of different lengths
        arrays = [np.empty(0, object)]
    if any(values.dtype.kind not in "fiu" for values in arrays):
        raise ValueError("pt, deta and dphi must be arrays of numbers; make jagged jets such with pad_jagged")
    pt, deta, dphi = arrays = [np.asarray(values, dtype) for values in arrays]
    shapes = pt.shape, deta.shape, dphi.shape
    if pt.ndim != 2 or len(set(shapes)) > 1:
        raise ValueError(
            "pt, deta and dphi must have one shape (N, K), one row per jet, got "
            f"{', '.join(map(str, shapes))}; for a single jet pass pt[None], deta[None], dphi[None]"
        )
    if pt.shape[1] == 0:
        raise ValueError(f"jets need at least one column, got shape {pt.shape}; an empty jet is a row of zeros")
    for name, values, smallest in zip(("pt", "deta", "dphi"), arrays, (0, -_LARGEST, -_LARGEST), strict=True):
        # min and max see NaN too, and cost a hundredth of the image
        if values.size and not (values.min() >= smallest and values.max() <= _LARGEST):
            jet, k = np.argwhere(~((values >= smallest) & (values <= _LARGEST)))[0]
            wanted = "must not be negative" if values[jet, k] < 0 and name == "pt" else "must be finite"
            raise ValueError(f"jet {jet}: {name} {wanted}, but constituent {k} has {values[jet, k]}; pad with zeros")
    return pt, deta, dphi


def _wrapped(phi: Floats) -> Floats:
    """`phi` between −π and π."""
    return phi - 2 * np.pi * np.rint(phi / (2 * np.pi))


def _harder_side(pt: Floats, x: Floats, tie: Floats) -> Floats:
    """−1 for jets with more pT at x < 0 than at x > 0, else 1: (N, 1)."""
    right = np.einsum("nk,nk->n", pt, x > _ON_AXIS)
    left = np.einsum("nk,nk->n", pt, x < -_ON_AXIS)
    return np.where(left - right > tie, -1.0, 1.0)[:, None]


def _positive(totals: Floats) -> Floats:
    """`totals` with 1 for 0, to divide by: what belongs to an empty jet stays 0."""
    return np.where(totals > 0, totals, 1.0)


def _require_frame(size: int, width: float) -> None:
    """Raise ValueError unless there is at least one pixel and a side to divide."""
    _require_whole("size", size)
    if not 0 < width < np.inf:
        raise ValueError(f"width must be a positive number, the side of the image in η and φ, got {width!r}")


def _require_whole(name: str, value: int) -> None:
    """Raise ValueError, naming the parameter, unless it is a whole number ≥ 1."""
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be a whole number ≥ 1, got {value!r}")


def _require_norm(norm: str | None) -> None:
    """Raise ValueError unless `norm` is one that `normalize` knows."""
    if norm not in ("sum", "l2", None):
        raise ValueError(f"norm must be 'sum', 'l2' or None, got {norm!r}")
