"""The twins of the playgrounds in the book: a picture of each state, for print and for browsers without JavaScript.

A twin carries in itself what it was drawn from: the state, the numbers that the playground's own modules give for it
(Node runs them), and the text that stands for it where it cannot be seen. So a test can say that one is out of date.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from course_utils.authoring import AuthoringError
from course_utils.playground.directive import ALT, EPOCHS, NUMBERS, twin_of

MODULES = Path("book/_static/playground")  #: in a checkout of the course
DIRECTIVE = re.compile(r"^(?:`{3,}|:{3,})\{playground\}[ \t]*(\S*)[ \t]*$", re.MULTILINE)
CLASSES = ("#0055b2", "#e65511")  #: the first colors of the course's style
SURFACE = LinearSegmentedColormap.from_list("surface", [CLASSES[0], "white", CLASSES[1]])
MARKERS = ("o", "^")

Trained = dict[str, Any]  #: what train.mjs writes of a state


def states(root: Path) -> set[str]:
    """The states of all playgrounds in the book, as their authors have written them."""
    pages = [path.read_text(encoding="utf-8") for path in (root / "book").rglob("*.md")]
    for path in (root / "book").rglob("*.ipynb"):
        if ".ipynb_checkpoints" not in path.parts:
            cells = nbformat.read(path, as_version=4).cells
            pages += [cell.source for cell in cells if cell.cell_type == "markdown"]
    return {state for page in pages for state in DIRECTIVE.findall(page)}


def train(root: Path, texts: Iterable[str]) -> dict[str, Trained]:
    """What becomes of each state in the playground: after its own number of epochs, or else after EPOCHS."""
    if shutil.which("node") is None:
        raise AuthoringError("the playground's twins are computed by Node: apt install nodejs, and try again")
    texts = sorted(texts)
    asked = json.dumps([{"state": text, "epochs": EPOCHS} for text in texts])
    command = ["node", str(Path(__file__).with_name("train.mjs")), str(root / MODULES)]
    run = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise AuthoringError(f"Node could not train the states {texts}:\n{run.stderr}")
    answers = dict(zip(texts, json.loads(run.stdout), strict=True))
    ignored = {text: answer["ignored"] for text, answer in answers.items() if answer["ignored"]}
    if ignored:
        raise AuthoringError(f"put these states of playgrounds right, in the pages of the book: {ignored}")
    return answers


def numbers(trained: Trained) -> dict[str, float]:
    """What decides whether a twin is up to date."""
    last, weights = trained["history"][-1], [w for W in trained["weights"] for row in W for w in row]
    return {
        "epochs": len(trained["history"]) - 1,
        **last,
        "weights": float(np.linalg.norm(weights)),
        "surface": float(np.mean(trained["surface"])),
    }


def alt(trained: Trained) -> str:
    """The text that stands for a twin: what there is to see, the finding first."""
    first, last = trained["history"][0], trained["history"][-1]
    *before, end = map(str, trained["sizes"])
    return (
        f"After {len(trained['history']) - 1} epochs a network of {', '.join(before)} and {end} neurons with "
        f"{trained['act']} answers {last['testAccuracy']:.0%} of the test points right ({trained['title']}). "
        f"Its test loss went from {first['testLoss']:.2f} to {last['testLoss']:.2f}. Left the neurons, each with the "
        f"surface that it answers, in the middle the plane of {' and '.join(trained['axes'])} with the boundary, "
        f"right both losses."
    )


def figure(trained: Trained) -> Figure:
    """The twin: network, decision surface and losses, as the playground shows them."""
    with plt.style.context("course_utils.course"), plt.rc_context({"font.size": 9}):
        fig, (left, middle, right) = plt.subplots(1, 3, figsize=(7.5, 2.9), width_ratios=[1.15, 1, 0.85])
        _network(left, trained)
        _plane(middle, trained)
        for name, style, label in [("loss", "-", "training"), ("testLoss", "--", "test")]:
            right.plot([entry[name] for entry in trained["history"]], style, color="#222222", label=label)
        right.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
        right.legend(fontsize=9, handlelength=2)
    return fig


def _plane(ax: Axes, trained: Trained) -> None:
    (left, right), (bottom, top) = trained["box"]
    p = np.reshape(trained["surface"], (trained["side"], -1))
    extent = (left, right, bottom, top)
    ax.imshow(p, cmap=SURFACE, vmin=0, vmax=1, alpha=0.7, extent=extent, aspect="auto", interpolation="bilinear")
    if p.min() < 0.5 < p.max():
        ax.contour(p, levels=[0.5], colors="#222222", linewidths=1.2, extent=extent, origin="upper")
    for part, filled in zip(trained["points"], (True, False), strict=True):
        X, y = np.array(part["X"]), np.array(part["y"])
        for label, (color, marker) in enumerate(zip(CLASSES, MARKERS, strict=True)):
            face, edge = (color, "white") if filled else ("white", color)
            ax.scatter(*X[y == label].T, s=9, marker=marker, facecolor=face, edgecolor=edge, linewidth=0.5)
    ax.set(xlabel=trained["axes"][0], ylabel=trained["axes"][1])


def _network(ax: Axes, trained: Trained) -> None:
    places = [
        [(l, (n - 1) / 2 - j) for j in range(n)]  # of each neuron, from above
        for l, n in enumerate(trained["sizes"])
    ]
    for before, after, W in zip(places, places[1:], trained["weights"], strict=False):
        for (x0, y0), row in zip(before, W, strict=True):
            for (x1, y1), w in zip(after, row, strict=True):
                color, style = (CLASSES[0], (0, (4, 3))) if w < 0 else (CLASSES[1], "-")
                width = 0.3 + min(3.5, abs(w))
                ax.plot([x0, x1], [y0, y1], color=color, linestyle=style, linewidth=width, zorder=0)
    most = max(trained["sizes"])
    x_per_inch, y_per_inch = (len(places) + 0.15) / 2.6, most / 2.4  # about, in this figure
    half = min(0.25, 0.38 / y_per_inch, 0.3 / x_per_inch)
    half_x, half_y = half * x_per_inch, half * y_per_inch
    for layer, surfaces, middle in zip(places, trained["neurons"], trained["middles"], strict=True):
        A = np.array(surfaces) - middle  # (SIDE², n)
        for j, (x, y) in enumerate(layer):
            a = A[:, j].reshape(trained["side"], -1)
            reach = max(np.abs(a).max(), 1e-9)
            extent = (x - half_x, x + half_x, y - half_y, y + half_y)
            ax.imshow(a, cmap=SURFACE, vmin=-reach, vmax=reach, extent=extent, aspect="auto", zorder=1)
            ax.add_patch(
                plt.Rectangle((extent[0], extent[2]), 2 * half_x, 2 * half_y, fill=False, ec="#222222", lw=0.7)
            )
    for (x, y), label in zip(places[0], trained["features"], strict=True):
        ax.text(x - half_x - 0.06, y, label, ha="right", va="center")
    ax.set(xlim=(-0.75, len(places) - 0.6), ylim=(-most / 2, most / 2))
    ax.axis("off")


def write(root: Path) -> Iterator[Path]:
    """Draw the twin of every state in the book, and delete those that no page has any more."""
    folder = (root / twin_of("")).parent
    folder.mkdir(exist_ok=True)
    answers = train(root, states(root))
    for old in set(folder.glob("*.png")) - {root / twin_of(state) for state in answers}:
        old.unlink()
    for state, trained in answers.items():
        path = root / twin_of(state)
        save(figure(trained), path, state, trained)
        yield path


def save(fig: Figure, path: Path, state: str, trained: Trained) -> None:
    """Write a twin, with all that it carries, and close it."""
    carried = {"Title": state, ALT: alt(trained), NUMBERS: json.dumps(numbers(trained)), "Software": None}
    fig.savefig(path, metadata=carried)
    plt.close(fig)


def read(path: Path) -> tuple[str, dict[str, float]]:
    """The alt text and the numbers that a twin carries."""
    with Image.open(path) as image:
        return image.text[ALT], json.loads(image.text[NUMBERS])
