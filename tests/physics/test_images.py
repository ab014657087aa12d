"""Jet images: the batch is the loop, symmetries of a jet leave its image alone, and bad jets are named."""

import numpy as np
import pytest

from benchmarks.images import compare, jet_image_of_one, random_jets
from course_utils.physics.images import (
    flip,
    jet_images,
    normalize,
    pad_jagged,
    pixelate,
    rotate,
    translate,
)

SHIFTS = [(0.0, 0.0), (1.7, 0.4), (-0.3, np.pi), (0.0, -2.9), (2.0, 20.0)]
HARD, SOFT = 70.0, 30.0


def rng(seed=0):
    return np.random.default_rng(seed)


def jets(n=300, k=30, seed=0, dtype=np.float64):
    """Random jets, a fifth of their constituents padding in random places; φ within ±π."""
    pt, x, y = (values.astype(dtype) for values in random_jets(n, rng(seed), k))
    pt[rng(seed + 1).random(pt.shape) < 0.2] = 0
    return pt, x, y


def about_zero(pt, x, y):
    """The same jets whole and near the origin, where they can be turned and mirrored."""
    y = (y - y[:, :1] + np.pi) % (2 * np.pi) - np.pi
    return pt, x - x[:, :1], y


def turned(x, y, angle):
    return x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)


def wrapped(phi):
    return (phi + np.pi) % (2 * np.pi) - np.pi


def one(*constituents):
    """The arrays (1, K) of one jet, from (pt, eta, phi) of each constituent."""
    return tuple(np.array(constituents, float).T[:, None])


def special_jets():
    """Jets at which a careless image goes wrong, as rows of one padded sample."""
    all_of_them = [
        [(0, 0, 0)],
        [(0, 0.7, 3.0), (0, -9, 9)],
        [(5, 0, 0)],
        [(5, 1.3, -np.pi)],
        [(0, 0, 0), (5, -0.2, 0.3)],
        [(5, 0.2, 0.1), (5, -0.2, -0.1)],
        [(5, 0.2, 0.1), (5, 0.2, 0.1)],
        [(1, 0.3, 0), (1, -0.3, 0)],
        [(1, 0, 0.3), (1, 0, -0.3)],
        [(1, 0, np.pi - 0.2), (1, 0, -np.pi + 0.2), (1, 0, np.pi)],
        [(1, 0.1, 0.1), (1, -0.1, 0.1), (1, 0.1, -0.1), (1, -0.1, -0.1)],
        [(1, 0.3, 0), (1, -0.15, 0.15 * 3**0.5), (1, -0.15, -0.15 * 3**0.5)],
        [(1e-20, 0.1, 0.2), (1e-20, 0.3, -0.2), (2e-20, 0, 0)],
        [(1e20, 0.1, 0.2), (1, 0.3, -0.2), (2, 0, 0)],
        [(10, 0, 0), (1, 0.79, 0), (1, 0, 2.5), (1, -2.5, 0)],
    ]
    return tuple(
        np.vstack([np.pad(row, ((0, 0), (0, 4 - row.shape[1]))) for row in column])
        for column in zip(*(one(*jet) for jet in all_of_them), strict=True)
    )


# ── The batch is the loop ───────────────────────────────────────────────────────────────────────────────────


def assert_batch_is_loop(pt, x, y, *frame, **options):
    expected = [jet_image_of_one(*jet, *frame, **options) for jet in zip(pt, x, y, strict=True)]
    images = jet_images(pt, x, y, *frame, **options)
    assert images.dtype == np.float32 and images.shape == np.shape(expected)
    assert np.allclose(images, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("frame", [(32, 1.6), (16, 1.6), (33, 0.9), (1, 0.3)])
def test_batch_equals_loop_on_random_jets(frame, dtype):
    assert_batch_is_loop(*jets(2000, seed=frame[0], dtype=dtype), *frame)


@pytest.mark.parametrize("norm", ["sum", "l2", None])
@pytest.mark.parametrize("off", ["centered", "rotated", "flipped"])
def test_batch_equals_loop_with_a_step_left_out(off, norm):
    pt, x, y = jets(600, seed=5)
    assert_batch_is_loop(pt, x / 4, y / 4, norm=norm, **{off: False})


@pytest.mark.parametrize("off", [{}, {"centered": False}, {"rotated": False}, {"flipped": False}])
@pytest.mark.parametrize("norm", ["sum", "l2", None])
def test_batch_equals_loop_on_special_jets(norm, off):
    assert_batch_is_loop(*special_jets(), norm=norm, **off)


@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 600])
def test_a_jet_does_not_depend_on_the_others(n):
    pt, x, y = jets(n, seed=3)
    images = jet_images(pt, x, y)
    assert images.shape == (n, 32, 32)
    assert np.array_equal(images[::-1], jet_images(pt[::-1], x[::-1], y[::-1]))
    for i in range(0, n, 51):
        assert np.array_equal(images[i : i + 1], jet_images(pt[i, None], x[i, None], y[i, None]))


def test_nothing_is_written_to_the_input():
    arrays = jets(50)
    before = [values.copy() for values in arrays]
    for values in arrays:
        values.flags.writeable = False
    first = jet_images(*arrays)
    assert np.array_equal(first, jet_images(*arrays))
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))


# ── What must not matter, does not ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shift", SHIFTS)
def test_translating_a_jet_leaves_its_image(shift):
    pt, x, y = about_zero(*jets(seed=7))
    moved_y = wrapped(y + shift[1])
    if abs(shift[1]) == np.pi:
        assert (np.ptp(moved_y, axis=1) > 6).mean() > 0.9  # torn at φ = ±π
    assert np.allclose(jet_images(pt, x + shift[0], moved_y), jet_images(pt, x, y), atol=1e-6)


@pytest.mark.parametrize("angle", [0.3, np.pi / 2, 2.0, np.pi, -1.0])
def test_rotating_a_jet_leaves_its_image(angle):
    pt, x, y = about_zero(*jets(seed=8))
    assert np.allclose(jet_images(pt, *turned(x, y, angle)), jet_images(pt, x, y), atol=1e-6)


@pytest.mark.parametrize("signs", [(-1, 1), (1, -1), (-1, -1)])
def test_mirroring_a_jet_leaves_its_image(signs):
    pt, x, y = about_zero(*jets(seed=9))
    assert np.allclose(jet_images(pt, signs[0] * x, signs[1] * y), jet_images(pt, x, y), atol=1e-6)


def test_a_full_turn_in_phi_does_not_matter_even_if_the_jet_is_not_centered():
    pt, x, y = about_zero(*jets(seed=19))
    moved = jet_images(pt, x, y + 2 * np.pi, centered=False)
    assert moved.any() and np.allclose(moved, jet_images(pt, x, y, centered=False), atol=1e-6)


def test_without_its_step_each_change_shows():
    pt, x, y = about_zero(*jets(seed=10))

    def differ(changed, **off):
        pairs = zip(jet_images(pt, *changed, **off), jet_images(pt, x, y, **off), strict=True)
        return np.mean([not np.allclose(a, b, atol=1e-6) for a, b in pairs])

    assert differ((x + 0.1, y), centered=False) > 0.95
    assert differ(turned(x, y, 1.0), rotated=False) > 0.95
    assert differ((-x, y), flipped=False) > 0.95


def test_order_padding_and_its_coordinates_do_not_matter():
    pt, x, y = jets(seed=11)
    order = rng().permutation(pt.shape[1])
    assert np.allclose(jet_images(pt[:, order], x[:, order], y[:, order]), jet_images(pt, x, y), atol=1e-6)
    empty = pt == 0
    away = np.where(empty, -999.0, x), np.where(empty, 999.0, y)
    assert np.allclose(jet_images(pt, *away), jet_images(pt, x, y), atol=1e-6)


def test_splitting_a_constituent_in_two_changes_nothing():
    pt, x, y = jets(seed=12)
    halves = np.hstack([pt / 3, 2 * pt / 3])
    assert np.allclose(jet_images(halves, np.tile(x, 2), np.tile(y, 2)), jet_images(pt, x, y), atol=1e-6)


# ── The steps ───────────────────────────────────────────────────────────────────────────────────────────────


def moments(pt, a, b):
    return (pt * a * b).sum(axis=1) / pt.sum(axis=1)


def test_translate_puts_the_centroid_at_the_origin_and_keeps_distances():
    pt, x, y = jets(seed=13)
    new_x, new_y = translate(pt, x, y)
    assert np.allclose(moments(pt, new_x, 1), 0) and np.allclose(moments(pt, new_y, 1), 0)
    assert np.allclose(new_x - new_x[:, :1], x - x[:, :1])
    assert np.allclose(new_y - new_y[:, :1], wrapped(y - y[:, :1]))


def test_rotate_makes_the_longer_axis_vertical_by_a_turn_of_at_most_90_degrees():
    pt, x, y = about_zero(*jets(seed=14))
    new_x, new_y = rotate(pt, x, y)
    assert np.allclose(moments(pt, new_x, new_y), 0)
    assert (moments(pt, new_y, new_y) > moments(pt, new_x, new_x)).all()
    turn = (new_x + 1j * new_y)[:, 1:] / (x + 1j * y)[:, 1:]
    assert np.allclose(np.abs(turn), 1) and np.allclose(turn, turn[:, :1])  # one turn for all, no mirror
    assert (turn.real > -1e-9).all() and turn.real.min() < 0.1


@pytest.mark.parametrize("angle", [0, np.pi / 2])
def test_rounding_does_not_decide_which_way_rotate_turns(angle):
    x, y = turned(np.array([[-0.1, 0.2]] * 3), np.array([[-1e-12, 1e-12], [0, 0], [1e-12, -1e-12]]), angle)
    _, new_y = rotate([[2.0, 1.0]] * 3, x, y)
    assert np.allclose(new_y, [-0.1, 0.2])


def test_rotate_leaves_round_jets():
    pt, x, y = one((1, 0.1, 0.1), (1, -0.1, 0.1), (1, 0.1, -0.1), (1, -0.1, -0.1))
    assert np.allclose(rotate(pt, x, y), [x, y])


def test_flip_puts_more_pt_up_and_right_and_only_mirrors():
    pt, x, y = about_zero(*jets(seed=15))
    new = flip(pt, x, y)
    for old, now in zip((x, y), new, strict=True):
        assert ((pt * np.sign(now)).sum(axis=1) >= 0).all()
        ratio = now[:, 1:] / old[:, 1:]
        assert np.array_equal(np.abs(ratio), np.ones_like(ratio)) and (ratio == ratio[:, :1]).all()
        assert {-1.0, 1.0} == set(ratio[:, 0])


def test_flip_leaves_ties():
    pt, x, y = one((1, -0.1, -0.3), (1, -0.2, -0.1), (2, 0.3, 0.4))
    assert np.array_equal(flip(pt, x, y), [x, y])
    assert np.array_equal(flip(pt, -x, -y), [-x, -y])


@pytest.mark.parametrize(("size", "width"), [(32, 1.6), (7, 0.5)])
def test_pixelate_is_a_histogram_and_keeps_the_pt_of_what_is_inside(size, width):
    pt, x, y = about_zero(*jets(seed=16))
    images = pixelate(pt, x, y, size, width)
    edges = np.linspace(-width / 2, width / 2, size + 1) - 1e-4 * width / size
    for image, w, a, b in zip(images, pt, x, y, strict=True):
        assert np.allclose(image, np.histogram2d(b, a, bins=(edges, edges), weights=w)[0])
    inside = (np.abs(x - edges.mean()) < width / 2) & (np.abs(y - edges.mean()) < width / 2)
    assert 0.1 < inside.mean() < 1
    assert np.allclose(images.sum(axis=(1, 2)), (pt * inside).sum(axis=1))


def test_pixels_begin_at_their_lower_left_corner():
    image = pixelate(*one((1, 0, 0), (2, -0.5, -0.5), (4, 0.5, 0), (8, 0, 0.5), (16, 0.4, -0.1)), 2, 1.0)[0]
    assert np.array_equal(image, [[2, 16], [0, 1]])


def test_the_lost_pt_is_that_outside_the_frame():
    pt, x, y = jets(seed=17)
    images = jet_images(pt, x, y, width=0.6, norm=None)
    x, y = rotate(pt, *translate(pt, x, y))
    inside = (np.abs(x) < 0.3) & (np.abs(y) < 0.3)
    assert 0.3 < inside.mean() < 0.95
    assert np.allclose(images.sum(axis=(1, 2)), (pt * inside).sum(axis=1), rtol=1e-5)


def test_norms():
    pt, x, y = about_zero(*jets(seed=18))
    x, y = x / 4, y / 4  # all inside the frame
    plain, by_sum, by_length = (jet_images(pt, x, y, norm=norm) for norm in (None, "sum", "l2"))
    assert np.allclose(by_sum.sum(axis=(1, 2)), 1, atol=1e-5)
    assert np.allclose((by_length**2).sum(axis=(1, 2)), 1, atol=1e-5)
    assert np.allclose(plain.sum(axis=(1, 2)), pt.sum(axis=1), rtol=1e-4)
    assert np.allclose(by_sum * plain.sum(axis=(1, 2), keepdims=True), plain, rtol=1e-4)
    assert np.array_equal(normalize(plain, None), plain)


# ── Jets whose image is known ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("angle", np.linspace(0, 2 * np.pi, 13))
@pytest.mark.parametrize("shift", SHIFTS)
def test_two_prongs_lie_on_the_vertical_axis_the_harder_one_up(shift, angle):
    distance, pixel = 0.52, 0.05
    x, y = turned(np.array([[0.0, distance]]), np.zeros((1, 2)), angle)
    image = jet_images([[HARD, SOFT]], x + shift[0], wrapped(y + shift[1]), norm=None)[0]
    up, down = int(16 + 0.3 * distance / pixel), int(np.floor(16 - 0.7 * distance / pixel))
    assert image[up, 16] == HARD and image[down, 16] == SOFT
    assert np.count_nonzero(image) == 2


def test_the_harder_half_is_to_the_right():
    prongs = [(50, 0, 0.4), (50, 0, -0.4)]
    for side in (-0.2, 0.2):
        image = jet_images(*one(*prongs, (4, side, 0.1), (4, side, -0.1), (2, -3.5 * side, 0)))[0]
        assert image[:, 16:].sum() > 0.5 > image[:, :16].sum() > 0


def test_two_equal_constituents():
    for angle in (0, 0.7, np.pi / 2, 3.0):
        x, y = turned(np.array([[-0.22, 0.22]]), np.zeros((1, 2)), angle)
        image = jet_images([[5.0, 5.0]], x, y)[0]
        assert image[20, 16] == image[11, 16] == 0.5


@pytest.mark.parametrize(("size", "middle"), [(32, 16), (33, 16)])
@pytest.mark.parametrize("shift", SHIFTS)
def test_a_single_constituent_is_in_the_middle(shift, size, middle):
    image = jet_images([[0.0, 7.0]], [[0.3, shift[0]]], [[0.1, shift[1]]], size)[0]
    assert image[middle, middle] == 1 and np.count_nonzero(image) == 1


@pytest.mark.parametrize("norm", ["sum", "l2", None])
def test_what_is_empty_gives_zeros(norm):
    nothing = np.zeros((2, 5))
    assert not jet_images(nothing, nothing + 3, nothing - 3, norm=norm).any()
    outside = jet_images([[5.0]], [[0.9]], [[0.0]], centered=False, rotated=False, norm=norm)
    assert not outside.any()


# ── Jagged jets ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("length", [None, 1, 4, 20])
def test_pad_jagged_is_the_loop(length):
    counts = rng().integers(0, 9, 100)
    pt = rng(1).exponential(size=counts.sum()).astype(np.float32)
    padded, same = pad_jagged(counts, pt, np.arange(len(pt)), length=length)
    assert padded.shape == same.shape == (100, length or counts.max())
    assert padded.dtype == np.float32
    for row, jet in zip(padded, np.split(pt, counts.cumsum()[:-1]), strict=True):
        kept = jet[: len(row)]
        assert np.array_equal(row[: len(kept)], kept) and not row[len(kept) :].any()


def test_pad_jagged_takes_awkward_arrays():
    ak = pytest.importorskip("awkward")
    pt = ak.Array([[5.0, 3.0], [], [4.0]])
    (padded,) = pad_jagged(ak.num(pt), ak.flatten(pt))
    assert np.array_equal(padded, [[5, 3], [0, 0], [4, 0]])


@pytest.mark.parametrize("counts", [[], [0], [0, 0, 0]])
def test_pad_jagged_of_nothing_can_be_drawn(counts):
    arrays = pad_jagged(np.array(counts, int), *[np.zeros(0)] * 3)
    assert arrays[0].shape == (len(counts), 1)
    assert not jet_images(*arrays).any()


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([2, 2], r"counts add up to 4 constituents, but the values have shape \(3,\)"),
        ([4, -1], "one whole number ≥ 0 per jet"),
        ([1.5, 1.5], "one whole number ≥ 0 per jet"),
        ([[3]], "one whole number ≥ 0 per jet"),
    ],
)
def test_bad_counts_are_refused(counts, message):
    with pytest.raises(ValueError, match=message):
        pad_jagged(counts, np.ones(3))


# ── Bad input is named ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", [jet_images, translate, rotate, flip, pixelate])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e31])
@pytest.mark.parametrize("which", ["deta", "dphi", "pt"])
def test_the_first_bad_jet_is_named(step, which, bad):
    arrays = dict(zip(("pt", "deta", "dphi"), jets(700), strict=True))
    arrays[which][[650, 431, 520], [0, 7, 1]] = bad
    number = str(np.float64(bad)).replace("+", r"\+")
    says = "not be negative" if which == "pt" and bad == -np.inf else "be finite"
    with pytest.raises(
        ValueError, match=rf"^jet 431: {which} must {says}, but constituent 7 has {number}; pad with zeros"
    ):
        step(**arrays)


def test_negative_pt_is_refused():
    with pytest.raises(ValueError, match=r"jet 0: pt must not be negative, but constituent 1 has -1\.0"):
        jet_images([[1.0, -1.0]], [[0.0, 0.0]], [[0.0, 0.0]])


@pytest.mark.parametrize("step", [jet_images, translate, rotate, flip, pixelate])
@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(3,), (3,), (3,)], r"one row per jet, got \(3,\), \(3,\), \(3,\); for a single jet pass pt\[None\]"),
        ([(2, 3), (2, 3), (2, 4)], r"one shape .* got \(2, 3\), \(2, 3\), \(2, 4\)"),
        ([(2, 3), (1, 3), (2, 3)], r"one shape .* got \(2, 3\), \(1, 3\), \(2, 3\)"),
        ([(2, 3, 1)] * 3, "one row per jet"),
        ([(2, 0)] * 3, r"at least one column, got shape \(2, 0\)"),
    ],
)
def test_wrong_shapes_are_refused(step, shapes, message):
    with pytest.raises(ValueError, match=message):
        step(*[np.ones(shape) for shape in shapes])


@pytest.mark.parametrize("step", [jet_images, translate, rotate, flip, pixelate])
@pytest.mark.parametrize("jagged", [[[1.0, 2.0], [1.0]], [["a", "b"]], [[None, 1.0]]])
def test_what_is_no_array_of_numbers_is_refused(step, jagged):
    with pytest.raises(ValueError, match="arrays of numbers; make jagged jets such with pad_jagged"):
        step(jagged, jagged, jagged)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size must be a whole number ≥ 1, got 0"),
        ({"size": 32.0}, r"size must be a whole number ≥ 1, got 32\.0"),
        ({"width": 0}, "width must be a positive number, .* got 0"),
        ({"width": np.inf}, "width must be a positive number, .* got inf"),
        ({"norm": "max"}, "norm must be 'sum', 'l2' or None, got 'max'"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        jet_images(*jets(3), **options)


def test_a_single_image_is_not_taken_for_many():
    with pytest.raises(ValueError, match=r"shape \(N, size, size\), got \(8, 8\); for one pass image\[None\]"):
        normalize(np.ones((8, 8)))


def test_the_benchmark_makes_a_line_for_each_comparison():
    rows = compare((8, 4), random_jets(20, rng()), 5, pairs=2, ask=lambda size, n: 1.0)
    assert len(rows) == 6
    assert all(row.count("|") == 6 for row in rows)
