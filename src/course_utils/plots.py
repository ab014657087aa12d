"""The standard pictures of the course: boundaries, loss curves, activations, ROC curves, calibration, grids of images.

The functions draw in the current style, which a page sets with `plt.style.use("course_utils.course")`. They
take and give Matplotlib's own objects, so everything can be changed afterwards.
"""

from collections.abc import Callable, Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

MARKERS = ("o", "^", "s", "D", "v", "P")  #: one for each color of the style
REGION_ALPHA = 0.1  #: pale enough for every color to stand out on every region

Function = Callable[[NDArray[np.float64]], ArrayLike]


def decision_boundary(
    ax: Axes,
    predict: Function,
    X: ArrayLike,
    y: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    threshold: float = 0.5,
    resolution: int = 200,
) -> Axes:
    """Draw the points `X` (N, 2) of the classes `y` (N,), and the regions that `predict` gives to each class.

    `predict` turns points (M, 2) into M classes of `y` or, where these are two, into M scores from 0 to 1 for
    the second one; the boundary is where the score crosses `threshold`. `names` go into the legend, in the
    order of np.unique(y).

    >>> ax = Figure().subplots()
    >>> ax = decision_boundary(ax, lambda points: points[:, 0] > 0.5, X=[[0, 0], [1, 1]], y=[0, 1])
    >>> ax.get_legend_handles_labels()[1]
    ['class 0', 'class 1']
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"X must hold two features per row, shape (N, 2), not {X.shape}; choose two columns")
    if y.shape != (len(X),):
        raise ValueError(f"y must hold one class per row of X, shape ({len(X)},), not {y.shape}")
    classes = np.unique(y)
    if not 2 <= len(classes) <= len(MARKERS):
        raise ValueError(f"y must hold 2 to {len(MARKERS)} classes, not {len(classes)}")
    if names is None:
        names = [f"class {c}" for c in classes]
    if len(names) != len(classes):
        raise ValueError(f"{len(classes)} classes need {len(classes)} names, not {len(names)}")

    margin = 0.1 * np.ptp(X, axis=0)
    (left, bottom), (right, top) = X.min(axis=0) - margin, X.max(axis=0) + margin
    x1, x2 = np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
    points = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    surfaces = _surfaces(np.asarray(predict(points)), len(points), classes, threshold)
    for k, surface in enumerate(surfaces):
        surface = surface.reshape(resolution, resolution)
        ax.contourf(x1, x2, surface, levels=[0, np.inf], colors=[f"C{k}"], alpha=REGION_ALPHA)
        # Every boundary is an edge of some region other than the first.
        if k > 0 and surface.min() < 0 < surface.max():
            ax.contour(x1, x2, surface, levels=[0], colors=[mpl.rcParams["text.color"]], linewidths=1.5)
        style = {"color": f"C{k}", "marker": MARKERS[k], "edgecolor": "white", "linewidth": 0.5, "zorder": 3}
        ax.scatter(*X[y == classes[k]].T, label=names[k], **style)
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.legend()
    return ax


def loss_curves(
    ax: Axes,
    losses: Mapping[str, ArrayLike],
    *,
    log: bool = False,
    xlabel: str = "epoch",
    ylabel: str = "loss",
    start: int = 0,
) -> Axes:
    """Draw one line for each entry of `losses`, {name: (n_epochs,)}, from epoch `start` on.

    A curve ends where it stops being finite; a cross marks the spot and the legend names the epoch.

    >>> ax = loss_curves(Figure().subplots(), {"train": [0.9, 0.4], "validation": [0.9, float("nan")]})
    >>> ax.get_legend_handles_labels()[1]
    ['train', 'validation (not finite from epoch 1)']
    """
    if not losses:
        raise ValueError("losses is empty; give at least one curve, as in {'train': [0.9, 0.4, 0.2]}")
    for name, curve in losses.items():
        values = np.asarray(curve, dtype=float)
        if values.ndim != 1 or len(values) == 0:
            raise ValueError(f"the losses of {name!r} must be a list of numbers, not of shape {values.shape}")
        finite = np.isfinite(values)
        n_finite = len(values) if finite.all() else int(finite.argmin())
        if n_finite == 0:
            raise ValueError(f"the first loss of {name!r} is {values[0]}, so there is no curve to draw")
        if log and values[:n_finite].min() <= 0:
            raise ValueError(f"a loss of {name!r} is 0 or less, which a logarithmic axis cannot show")
        label, marker = name, "o" if n_finite == 1 else ""
        if n_finite < len(values):
            label, marker = f"{name} (not finite from {xlabel} {start + n_finite})", "X"
        epochs = start + np.arange(n_finite)
        ax.plot(epochs, values[:n_finite], marker=marker, markevery=[-1], label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return ax


def activations(
    axes: Axes | ArrayLike, functions: Mapping[str, tuple[Function, Function]], z_max: float = 4.0
) -> list[Axes]:
    """Draw each g of `functions`, {name: (g, derivative)}, with its derivative for −z_max ≤ z ≤ z_max.

    `axes` come from plt.subplots; those that are left over are hidden. Gives the ones in use.

    >>> axes = Figure().subplots(1, 2)
    >>> used = activations(axes, {"tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2)})
    >>> [ax.get_title() for ax in used], axes[1].axison
    (['tanh'], False)
    """
    panels = list(np.ravel(axes))
    if not 0 < len(functions) <= len(panels):
        raise ValueError(f"{len(functions)} functions on {len(panels)} axes; give one axes for each function")
    z = np.linspace(-z_max, z_max, 401)
    for ax, (name, (g, derivative)) in zip(panels, functions.items(), strict=False):
        ax.plot(z, g(z), label="$g(z)$")
        ax.plot(z, derivative(z), label="$g'(z)$")
        ax.set(title=name, xlabel="$z$")
    for ax in panels[len(functions) :]:
        ax.set_axis_off()
    panels[0].legend()
    return panels[: len(functions)]


def roc_curves(
    ax: Axes, curves: Mapping[str, Sequence[ArrayLike]], *, n_background: int | None = None, kept: int = 4
) -> Axes:
    """Draw background rejection 1/ε_B (logarithmic) against signal efficiency ε_S, and the line of guessing.

    `curves` holds (ε_S, ε_B, …) by name, as `evaluation.roc` gives them. With `n_background`, the number of
    background examples, a curve is drawn only where at least `kept` of them are left, for fewer decide nothing.

    >>> ax = roc_curves(Figure().subplots(), {"a cut": ([0, 0.5, 1], [0, 0.1, 1])})
    >>> [line.get_label() for line in ax.lines], ax.lines[0].get_ydata()
    (['a cut', 'guessing'], array([10.,  1.]))
    """
    if not curves:
        raise ValueError("curves is empty; give at least one, as in {'network': evaluation.roc(y, scores)}")
    for name, curve in curves.items():
        signal, background = (np.asarray(values, dtype=float) for values in (curve[0], curve[1]))
        if signal.ndim != 1 or signal.shape != background.shape:
            raise ValueError(f"the curve of {name!r} has efficiencies of shapes {signal.shape} and {background.shape}")
        if not np.all((signal >= 0) & (signal <= 1) & (background >= 0) & (background <= 1)):
            raise ValueError(f"the efficiencies of {name!r} must lie between 0 and 1; rejections are computed here")
        few = 0 if n_background is None else (kept - 0.5) / n_background
        shown = (background > few) & (signal > 0)
        ax.plot(signal[shown], 1 / background[shown], label=name)
    guess = np.linspace(0.01, 1, 100)
    ax.plot(guess, 1 / guess, color="0.5", lw=1, ls=":", label="guessing")
    ax.set(xlabel=r"signal efficiency $\epsilon_S$", ylabel=r"background rejection $1/\epsilon_B$", xlim=(0, 1))
    ax.set(yscale="log")
    ax.set_ylim(bottom=1)
    ax.legend()
    return ax


def reliability_diagram(ax: Axes, curves: Mapping[str, Sequence[ArrayLike]]) -> Axes:
    """Draw the observed share of signal against the predicted probability; a perfect score lies on the diagonal.

    `curves` holds (predicted, observed, error, …) by name, as `evaluation.reliability` gives them.

    >>> ax = reliability_diagram(Figure().subplots(), {"network": ([0.1, 0.9], [0.2, 0.8], [0.05, 0.05])})
    >>> ax.get_legend_handles_labels()[1]
    ['perfect', 'network']
    """
    if not 0 < len(curves) <= len(MARKERS):
        raise ValueError(f"a reliability diagram holds 1 to {len(MARKERS)} curves, not {len(curves)}")
    ax.plot([0, 1], [0, 1], color="0.5", lw=1, ls=":", label="perfect")
    for k, (name, (predicted, observed, error, *_)) in enumerate(curves.items()):
        style = {"color": f"C{k}", "marker": MARKERS[k], "ls": ("-", "--", "-.", ":")[k % 4], "capsize": 2}
        ax.errorbar(predicted, observed, yerr=error, label=name, **style)
    ax.set(xlabel="predicted probability", ylabel="observed share of signal", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.legend()
    return ax


def image_grid(images: ArrayLike, titles: Sequence[str] | None = None, columns: int = 5) -> Figure:
    """A figure of `images` (N, height, width) that share one scale.

    Images without negative pixels are dark ink on white paper; with them, blue is below 0 and red above.

    >>> fig = image_grid(np.eye(28)[None], titles=["a line"])
    >>> [ax.get_title() for ax in fig.axes]
    ['a line']
    """
    images = np.asarray(images, dtype=float)
    if images.ndim != 3 or images.size == 0:
        raise ValueError(f"images must have the shape (N, height, width), not {images.shape}")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"{len(images)} images need {len(images)} titles, not {len(titles)}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    signed = images.min() < 0
    largest = np.abs(images).max()

    width = mpl.rcParams["figure.figsize"][0]
    title_height = 0 if titles is None else 0.3
    height = rows * (width / columns * images.shape[1] / images.shape[2] + title_height)
    fig = Figure(figsize=(width, height))
    panels = fig.subplots(rows, columns, squeeze=False).ravel()
    for ax in panels:
        ax.set_axis_off()
    scale = {"cmap": "RdBu_r", "vmin": -largest} if signed else {"cmap": "gray_r", "vmin": 0}
    for k, image in enumerate(images):
        shown = panels[k].imshow(image, vmax=largest, **scale)
        panels[k].set_title("" if titles is None else titles[k])
    if signed:
        fig.colorbar(shown, ax=panels, shrink=0.8)
    return fig


def _surfaces(predicted: NDArray, n_points: int, classes: NDArray, threshold: float) -> list[NDArray[np.float64]]:
    """For each class a number per point that is above 0 where the point is given to the class."""
    if predicted.size != n_points:
        raise ValueError(f"predict must give one number per point; for {n_points} it gave {predicted.shape}")
    predicted = predicted.ravel()
    if np.isin(predicted, classes).all():
        return [(predicted == c) - 0.5 for c in classes]
    if len(classes) == 2 and np.all((predicted >= 0) & (predicted <= 1)):
        return [threshold - predicted, predicted - threshold]
    raise ValueError(
        f"predict must give classes of y, {classes.tolist()}, or scores from 0 to 1 where these are two; "
        f"it gave {np.unique(predicted)[:5]} …"
    )
