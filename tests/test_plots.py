"""The style, in both themes and for eyes that see color differently, and what the standard pictures hold."""

import itertools
import re
from importlib.util import find_spec
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import same_color, to_rgb
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

from course_utils import evaluation, plots

mpl.use("Agg")

ROOT = Path(__file__).parents[1]
TEXT_CONTRAST, LINE_CONTRAST = 4.5, 3.0  # WCAG 2.2, success criteria 1.4.3 and 1.4.11
SMALLEST_DIFFERENCE = 0.09  # in OKLab, where black and white are 1 apart and 0.02 is just noticeable

# Machado, Oliveira & Fernandes, IEEE Trans. Vis. Comput. Graph. 15 (2009) 1291, severity 1.0; for linear RGB.
EYES = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Ottosson, "A perceptual color space for image processing" (2020).
TO_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_OKLAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]
# hue-rotate(180deg) of the W3C Filter Effects Module: cos = −1 and sin = 0 in its matrix.
HALF_TURN = [[-0.574, 1.430, 0.144], [0.426, 0.430, 0.144], [0.426, 1.430, -0.856]]


def linear(color):
    color = np.asarray(color)
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    light, dark = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def oklab(color, eyes="normal"):
    seen = np.clip(EYES[eyes] @ linear(color), 0, 1)
    return TO_OKLAB @ np.cbrt(TO_LMS @ seen)


def dark_page():
    """The page's color in the theme's dark mode, read from the theme."""
    theme = Path(find_spec("sphinx_book_theme").origin).parent
    css = (theme / "theme/sphinx_book_theme/static/styles/sphinx-book-theme.css").read_text(encoding="utf-8")
    (color,) = re.findall(r"html\[data-theme=dark\]\{[^}]*--pst-color-background:(#[0-9a-f]{6})", css)
    return np.array(to_rgb(color))


def in_light_theme(color):
    return np.array(to_rgb(color))


def in_dark_theme(color):
    """What book/_static/course.css makes of a figure's color: invert, half a turn of the hue, then screen."""
    filtered = np.clip(HALF_TURN @ (1 - np.array(to_rgb(color))), 0, 1)
    return 1 - (1 - filtered) * (1 - dark_page())


THEMES = pytest.mark.parametrize("seen", [in_light_theme, in_dark_theme])


@pytest.fixture(autouse=True)
def style():
    with plt.style.context("course_utils.course"):
        yield
    plt.close("all")


@pytest.fixture
def colors():
    return mpl.rcParams["axes.prop_cycle"].by_key()["color"]


@pytest.fixture
def ax():
    return Figure().subplots()


def contours(ax, filled):
    return [c for c in ax.collections if isinstance(c, ContourSet) and c.filled == filled]


def point_clouds(ax):
    return [c for c in ax.collections if not isinstance(c, ContourSet)]


# ── The style ─────────────────────────────────────────────────────────────────


def test_the_style_sheet_of_the_book_does_what_is_computed_here():
    css = (ROOT / "book/_static/course.css").read_text(encoding="utf-8")
    (rule,) = re.findall(r'html\[data-theme="dark"\] \.bd-content div\.cell_output img \{([^}]*)\}', css)
    assert "filter: invert(1) hue-rotate(180deg);" in rule
    assert "mix-blend-mode: screen;" in rule


@THEMES
def test_text_can_be_read(seen):
    for name in ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"):
        assert contrast(seen(mpl.rcParams[name]), seen("white")) >= TEXT_CONTRAST, name
    assert min(mpl.rcParams["font.size"], mpl.rcParams["legend.fontsize"]) >= 11


@THEMES
def test_every_color_stands_out_on_the_page_and_on_every_region(seen, colors):
    for color in colors:
        assert contrast(seen(color), seen("white")) >= LINE_CONTRAST
    for color, region in itertools.product(colors, repeat=2):
        tint = 1 - plots.REGION_ALPHA * (1 - np.array(to_rgb(region)))
        assert contrast(seen(color), seen(tint)) >= LINE_CONTRAST, (color, region)


@THEMES
@pytest.mark.parametrize("eyes", EYES)
def test_any_two_colors_differ_for_all_eyes(seen, eyes, colors):
    for first, second in itertools.combinations([*colors, mpl.rcParams["text.color"]], 2):
        difference = np.linalg.norm(oklab(seen(first), eyes) - oklab(seen(second), eyes))
        assert difference >= SMALLEST_DIFFERENCE, (first, second)


def test_the_simulation_of_color_blindness_can_tell_a_bad_palette():
    red, green = (oklab(to_rgb(c), "deuteranopia") for c in ("#c44e52", "#7f7f3f"))
    assert np.linalg.norm(red - green) < SMALLEST_DIFFERENCE


def test_each_color_has_a_line_style_and_a_marker_of_its_own(colors):
    styles = mpl.rcParams["axes.prop_cycle"].by_key()["linestyle"]
    assert len(set(map(str, styles))) == len(set(plots.MARKERS)) == len(colors) == 6


def test_lines_cycle_through_colors_and_line_styles(ax, colors):
    lines = [ax.plot([0, 1])[0] for _ in colors]
    assert [line.get_color() for line in lines] == colors
    assert [line.get_linestyle() for line in lines[:4]] == ["-", "--", "-.", ":"]


# ── decision_boundary ─────────────────────────────────────────────────────────

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [3.0, 2.0], [4.0, 2.0]])
y = np.array([0, 0, 0, 1, 1])


def score(points):
    """Crosses 0.5 at x1 = 2 and 0.9 at x1 = 2.2."""
    return 1 / (1 + np.exp(-np.log(9) * (points[:, 0] - 2) / 0.2))


def boundary(ax):
    (line,) = contours(ax, filled=False)
    return np.concatenate([path.vertices for path in line.get_paths()])


def test_the_points_of_each_class_have_a_color_and_a_marker(ax, colors):
    plots.decision_boundary(ax, score, X, y, names=["quark", "gluon"])
    quarks, gluons = point_clouds(ax)
    np.testing.assert_array_equal(quarks.get_offsets(), X[:3])
    np.testing.assert_array_equal(gluons.get_offsets(), X[3:])
    assert same_color(quarks.get_facecolor(), colors[0])
    assert same_color(gluons.get_facecolor(), colors[1])
    assert len(quarks.get_paths()[0].vertices) != len(gluons.get_paths()[0].vertices)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["quark", "gluon"]


def test_points_lie_on_top_of_the_regions(ax):
    plots.decision_boundary(ax, score, X, y)
    assert min(c.zorder for c in point_clouds(ax)) > max(c.zorder for c in contours(ax, filled=True))


@pytest.mark.parametrize(("threshold", "where"), [(0.5, 2.0), (0.9, 2.2)])
def test_the_boundary_is_where_the_score_crosses_the_threshold(ax, threshold, where):
    plots.decision_boundary(ax, score, X, y, threshold=threshold)
    np.testing.assert_allclose(boundary(ax)[:, 0], where, atol=0.01)


def test_the_regions_lie_on_their_sides_of_the_boundary(ax, colors):
    plots.decision_boundary(ax, score, X, y)
    left, right = contours(ax, filled=True)
    assert left.get_paths()[0].vertices[:, 0].max() == pytest.approx(2, abs=0.01)
    assert right.get_paths()[0].vertices[:, 0].min() == pytest.approx(2, abs=0.01)
    assert same_color(left.get_facecolor(), (colors[0], plots.REGION_ALPHA))
    assert same_color(right.get_facecolor(), (colors[1], plots.REGION_ALPHA))


def test_hard_answers_and_names_as_classes_work(ax):
    classes = np.array(["gluon", "quark"])
    plots.decision_boundary(ax, lambda points: classes[(points[:, 0] > 2).astype(int)], X, classes[y])
    np.testing.assert_allclose(boundary(ax)[:, 0], 2, atol=0.02)


def test_three_classes_have_three_regions_and_their_borders(ax):
    centers = np.array([[0, 0], [4, 0], [2, 3]])

    def nearest(points):
        return ((points[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)

    plots.decision_boundary(ax, nearest, centers, [0, 1, 2])
    assert len(contours(ax, filled=True)) == len(point_clouds(ax)) == 3
    lines = np.concatenate([p.vertices for c in contours(ax, filled=False) for p in c.get_paths()])
    to_centers = np.sort(np.linalg.norm(lines[:, None] - centers, axis=2), axis=1)
    np.testing.assert_allclose(to_centers[:, 0], to_centers[:, 1], atol=0.05)


def test_an_answer_that_never_changes_has_one_region_and_no_boundary(ax):
    plots.decision_boundary(ax, lambda points: np.zeros(len(points)), X, y)
    assert not contours(ax, filled=False)
    assert [bool(len(c.get_paths()[0].vertices)) for c in contours(ax, filled=True)] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": X[:, 0]}, "two features per row"),
        ({"X": np.zeros((5, 3))}, r"shape \(N, 2\), not \(5, 3\)"),
        ({"y": y[:4]}, "one class per row"),
        ({"y": np.zeros(5)}, "2 to 6 classes, not 1"),
        ({"names": ["quark"]}, "2 names, not 1"),
        ({"predict": lambda points: points}, "one number per point"),
        ({"predict": lambda points: 3 * points[:, 0]}, "scores from 0 to 1"),
        ({"predict": lambda points: np.full(len(points), np.nan)}, "it gave .nan"),
    ],
)
def test_decision_boundary_says_what_is_wrong(ax, arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.decision_boundary(ax, **{"predict": score, "X": X, "y": y} | arguments)


# ── loss_curves ───────────────────────────────────────────────────────────────


def test_loss_curves_differ_in_color_and_line_style_and_are_labeled(ax):
    plots.loss_curves(ax, {"train": [3, 2, 1], "validation": [3, 2.5]}, ylabel="cross-entropy (nats)", start=1)
    train, validation = ax.lines
    np.testing.assert_array_equal(train.get_xydata(), [[1, 3], [2, 2], [3, 1]])
    assert train.get_color() != validation.get_color()
    assert train.get_linestyle() != validation.get_linestyle()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "cross-entropy (nats)")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["train", "validation"]
    assert all(tick == int(tick) for tick in ax.get_xticks())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_curve_ends_with_a_cross_where_it_stops_being_finite(ax, bad):
    plots.loss_curves(ax, {"train": [3, 2, bad, 1], "validation": [3, 2, 1, 1]})
    train, validation = ax.lines
    np.testing.assert_array_equal(train.get_ydata(), [3, 2])
    assert (train.get_marker(), train.get_markevery()) == ("X", [-1])
    assert train.get_label() == "train (not finite from epoch 2)"
    assert validation.get_marker() == ""


def test_a_single_loss_can_be_seen(ax):
    plots.loss_curves(ax, {"train": [3]})
    assert ax.lines[0].get_marker() == "o"


def test_losses_can_have_a_logarithmic_axis(ax):
    assert plots.loss_curves(ax, {"train": [1, 0.1, 0.01]}, log=True).get_yscale() == "log"


@pytest.mark.parametrize(
    ("losses", "log", "message"),
    [
        ({}, False, "losses is empty"),
        ({"train": []}, False, "'train' must be a list of numbers"),
        ({"train": [[1, 2]]}, False, r"not of shape \(1, 2\)"),
        ({"train": [np.nan, 1]}, False, "first loss of 'train' is nan"),
        ({"train": [1, 0]}, True, "logarithmic"),
    ],
)
def test_loss_curves_says_what_is_wrong(ax, losses, log, message):
    with pytest.raises(ValueError, match=message):
        plots.loss_curves(ax, losses, log=log)


# ── roc_curves and reliability_diagram ────────────────────────────────────────

ROC = (np.array([0, 0, 0.5, 1]), np.array([0, 0.001, 0.1, 1]))


def test_rejection_is_drawn_against_efficiency_on_a_logarithmic_axis(ax):
    plots.roc_curves(ax, {"network": evaluation.roc([0, 0, 0, 0, 1, 1], [0, 1, 2, 4, 3, 5])})
    network, guessing = ax.lines
    np.testing.assert_allclose(network.get_xdata(), [0.5, 1, 1, 1, 1])
    np.testing.assert_allclose(network.get_ydata(), [4, 4, 2, 4 / 3, 1])
    np.testing.assert_allclose(guessing.get_xdata() * guessing.get_ydata(), 1)
    assert ax.get_yscale() == "log"
    assert ax.get_ylim()[0] == 1


def test_rejections_that_too_few_jets_decide_are_left_out(ax):
    signal = np.linspace(0, 1, 101)
    plots.roc_curves(ax, {"network": (signal, signal)}, n_background=100, kept=4)
    np.testing.assert_allclose(ax.lines[0].get_ydata()[0], 100 / 4)


def test_several_roc_curves_differ_in_color_and_line_style(ax):
    with plt.style.context("course_utils.course"):
        fresh = Figure().subplots()
        plots.roc_curves(fresh, {"a": ROC, "b": ROC})
    a, b, _ = fresh.lines
    assert a.get_color() != b.get_color() and a.get_linestyle() != b.get_linestyle()
    assert [text.get_text() for text in fresh.get_legend().get_texts()] == ["a", "b", "guessing"]


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ({}, "curves is empty"),
        ({"a": ([0, 1], [0, 0.5, 1])}, "'a' has efficiencies of shapes"),
        ({"a": ([0, 1], [10, 1])}, "rejections are computed here"),
    ],
)
def test_roc_curves_says_what_is_wrong(ax, curves, message):
    with pytest.raises(ValueError, match=message):
        plots.roc_curves(ax, curves)


def test_a_reliability_diagram_has_the_diagonal_and_the_errors(ax):
    found = evaluation.reliability([0, 1, 0, 1], [0.2, 0.2, 0.8, 0.8], bins=2)
    plots.reliability_diagram(ax, {"network": found, "again": found})
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[0, 0], [1, 1]])
    one, two = ax.containers
    np.testing.assert_allclose(one.lines[0].get_xydata(), [[0.2, 0.5], [0.8, 0.5]])
    low, high = one.lines[2][0].get_segments()[0][:, 1]
    np.testing.assert_allclose([low, high], 0.5 + np.array([-1, 1]) * 0.5 / np.sqrt(2))
    for look in ("color", "linestyle", "marker"):
        assert getattr(one.lines[0], f"get_{look}")() != getattr(two.lines[0], f"get_{look}")()


def test_a_reliability_diagram_needs_a_curve(ax):
    with pytest.raises(ValueError, match="1 to 6 curves, not 0"):
        plots.reliability_diagram(ax, {})


# ── activations and image_grid ────────────────────────────────────────────────

TANH = (np.tanh, lambda z: 1 - np.tanh(z) ** 2)


def test_each_activation_is_drawn_with_its_derivative():
    axes = Figure().subplots(2, 2)
    used = plots.activations(axes, {"tanh": TANH, "square": (np.square, lambda z: 2 * z)}, z_max=2)
    assert [ax.get_title() for ax in used] == ["tanh", "square"]
    assert [ax.axison for ax in axes.flat] == [True, True, False, False]
    g, derivative = used[1].lines
    z = g.get_xdata()
    assert (z[0], z[-1]) == (-2, 2)
    np.testing.assert_array_equal(g.get_ydata(), z**2)
    np.testing.assert_array_equal(derivative.get_ydata(), 2 * z)
    assert g.get_color() != derivative.get_color() and g.get_linestyle() != derivative.get_linestyle()


def test_activations_need_enough_axes():
    with pytest.raises(ValueError, match="2 functions on 1 axes"):
        plots.activations(Figure().subplots(), {"tanh": TANH, "again": TANH})


def test_images_share_one_scale_with_dark_ink_for_the_largest():
    fig = plots.image_grid([np.zeros((4, 4)), np.full((4, 4), 0.5), np.ones((4, 4))], titles="abc", columns=2)
    shown = [image for ax in fig.axes for image in ax.get_images()]
    assert [image.get_clim() for image in shown] == [(0, 1)] * 3
    assert [image.to_rgba(1.0)[0] for image in shown] == [0] * 3
    assert [ax.get_title() for ax in fig.axes] == ["a", "b", "c", ""]
    assert not any(ax.axison for ax in fig.axes)


def test_signed_images_are_white_at_zero_and_have_a_color_bar():
    fig = plots.image_grid([[[-1.0, 0.0, 3.0]]])
    (image,) = fig.axes[0].get_images()
    assert image.get_clim() == (-3, 3)
    red, _, blue, _ = image.to_rgba(3.0)
    assert red > blue
    assert min(image.to_rgba(0.0)) > 0.95
    assert len(fig.axes) == 2


def test_no_picture_registers_a_figure_with_pyplot(ax):
    plots.image_grid(np.ones((3, 4, 4)))
    plots.decision_boundary(ax, score, X, y)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [(np.ones((4, 4)), None, r"\(N, height, width\)"), (np.ones((2, 4, 4)), ["one"], "2 titles, not 1")],
)
def test_image_grid_says_what_is_wrong(images, titles, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(images, titles)
