"""What a notebook hands to a page of the book: described figures, animations, and numbers for the prose.

The module needs neither Sphinx nor MyST-NB, so a student's environment can do without them. The book's build
loads `AltText` from here and draws nothing, so Matplotlib and Pillow wait until a figure comes.
"""

import base64
import html
import io
import json
import re
from collections.abc import Iterable, Sequence
from numbers import Number
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, ClassVar

from IPython.display import display

if TYPE_CHECKING:
    from docutils import nodes
    from matplotlib.figure import Figure
    from myst_nb.core.render import MimeData, NbElementRenderer

CSS_DPI = 96  #: a CSS pixel is 1/96 inch
SHORTEST_ALT = 20
EMPTY_OPENING = re.compile(r"(an? |the )?(animation|figure|graph|image|picture|plot)s? (of|show)", re.IGNORECASE)


def show(fig: "Figure", alt: str) -> None:
    """Display a figure with the text that stands for it where it cannot be seen, and close it.

    `alt` says what there is to see: the finding first, then the numbers that carry it.

    >>> from matplotlib.figure import Figure
    >>> show(Figure(), alt="Plot of the loss against the epoch")
    Traceback (most recent call last):
    ValueError: alt='Plot of the loss against the epoch': a screen reader already says that this is an image.
    Start with what there is to see, as in 'The loss falls from 0.7 to 0.1 in 20 epochs'.
    """
    alt = _checked(alt)
    width, height = _size(fig)
    display(
        {"image/png": _png(fig, dpi=2 * CSS_DPI), "text/plain": alt},
        metadata={"image/png": {"alt": alt, "width": width, "height": height}},
        raw=True,
    )


def player(frames: Iterable["Figure"], alt: str, label: str, captions: Sequence[str] | None = None) -> None:
    """Display figures of one size as an animation that the reader drives; each is closed once it is drawn.

    `label` names what the slider moves through ("Epoch"), `captions` holds a line for each frame. A generator
    as `frames` keeps one figure at a time in memory. The last frame is what a reader without JavaScript sees.

    >>> player([], alt="The boundary turns until it parts the classes", label="Update")
    Traceback (most recent call last):
    ValueError: an animation has at least 2 frames, not 0; for one figure use show(fig, alt=...)
    """
    alt = _checked(alt)
    images, sizes = [], set()
    for fig in frames:
        sizes.add(_size(fig))
        images.append("data:image/png;base64," + _png(fig, dpi=1.25 * CSS_DPI, colors=64))
    if len(images) < 2:
        raise ValueError(
            f"an animation has at least 2 frames, not {len(images)}; for one figure use show(fig, alt=...)"
        )
    if len(sizes) > 1:
        raise ValueError(f"the frames differ in size: {sorted(sizes)}; give every figure the same figsize")
    if captions is None:
        captions = [f"Frame {k} of {len(images)}" for k in range(1, len(images) + 1)]
    if len(captions) != len(images):
        raise ValueError(f"{len(images)} frames need {len(images)} captions, not {len(captions)}")

    template = Template(Path(__file__).with_name("player.html").read_text(encoding="utf-8"))
    page = template.substitute(
        alt=html.escape(alt),
        label=html.escape(label),
        caption=html.escape(captions[-1]),
        image=images[-1],
        images=_json(images[:-1]),
        captions=_json(list(captions)),
        last=len(images) - 1,
        width=sizes.pop()[0],
    )
    display({"text/html": page, "text/plain": alt}, raw=True)


def glue(name: str, value: str | Number) -> None:
    """Store a number, or text such as f"{loss:.2f}", for the prose to paste with {glue:text}`name`.

    >>> glue("losses", [0.7, 0.1])
    Traceback (most recent call last):
    TypeError: glue('losses', ...) takes text or a number, not list; format it first, as in f"{loss:.2f}"
    """
    if not isinstance(value, str | Number):
        raise TypeError(
            f"glue({name!r}, ...) takes text or a number, not {type(value).__name__}; "
            'format it first, as in f"{loss:.2f}"'
        )
    # What myst_nb.glue(name, value, display=False) stores. Text keeps the quotes of its repr, or {glue:text}
    # would read "0.10" as a number and print 0.1; the last entry makes {glue} drop them as well.
    display(
        {"application/papermill.record/text/plain": repr(value) if isinstance(value, str) else str(value)},
        metadata={
            "scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"},
            "strip_text_quotes": True,
        },
        raw=True,
    )


class AltText:
    """The plugin of MyST-NB that gives an image in the book the alt text and the width from `show`."""

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = ()

    @staticmethod
    def handle_mime(renderer: "NbElementRenderer", data: "MimeData", inline: bool) -> "list[nodes.Element] | None":
        alt = data.output_metadata.get(data.mime_type, {}).get("alt")
        if alt is None:
            return None
        (image,) = renderer.render_image(data)
        image["alt"] = alt
        # A fixed height would distort the image where a phone shrinks its width.
        image.attributes.pop("height", None)
        image["classes"].append("no-scaled-link")
        return [image]


def _checked(alt: str) -> str:
    alt = " ".join(alt.split())
    if len(alt) < SHORTEST_ALT:
        problem = f"at least {SHORTEST_ALT} characters are needed to describe a figure."
    elif EMPTY_OPENING.match(alt):
        problem = "a screen reader already says that this is an image."
    else:
        return alt
    raise ValueError(
        f"alt={alt!r}: {problem}\nStart with what there is to see, as in 'The loss falls from 0.7 to 0.1 in 20 epochs'."
    )


def _size(fig: "Figure") -> tuple[int, int]:
    width, height = fig.get_size_inches() * CSS_DPI
    return round(width), round(height)


def _png(fig: "Figure", dpi: float, colors: int = 256) -> str:
    """The figure in at most 256 colors, a third of the bytes, as base64 text; this closes the figure."""
    import matplotlib.pyplot as plt
    from PIL import Image

    full, small = io.BytesIO(), io.BytesIO()
    fig.savefig(full, format="png", dpi=dpi)
    plt.close(fig)
    # The method covers all the colors; a pass of k-means makes those of large areas exact, the page's white among
    # them, so they neither flicker between frames nor show as a card in the dark theme.
    method = Image.Quantize.MAXCOVERAGE
    image = Image.open(full).convert("RGB").quantize(colors, method, kmeans=1)
    image.save(small, format="png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


def _json(strings: list[str]) -> str:
    return json.dumps(strings).replace("<", r"\u003c")
