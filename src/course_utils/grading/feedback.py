"""What the readers of a submission see, in feedback and in formgrader: nothing that runs, asks the network, or is huge.

Three parts for `nbgrader_config.py`: `Harmless` and `render_markdown` are for nbconvert's HTML exporter, which makes
both pages; `HideTests` is for the feedback alone.
"""

import base64
import binascii
import re
from html import escape
from pathlib import Path
from typing import Any

import bleach
import nbgrader
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_solution

Resources = dict[str, Any]

SHOWN_TEXT = 20_000  #: characters of a cell's source, and of each of its outputs
SHOWN_HTML = 40_000  #: characters of an output in HTML; bleach takes seconds for more, if it is nested deeply
SHOWN_IMAGE = 1_000_000  #: characters of an image, in base64
SHOWN_OUTPUTS = 50  #: outputs of a cell
PAGE_TEXT = 300_000  #: characters of the page without its images
PAGE_IMAGES = 3_000_000  #: characters of all images
TELLING = 10  #: characters; a shorter line of a hidden test says nothing when it is seen elsewhere

IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}  #: the first bytes of each

#: Where nbconvert looks for templates: ours, which leaves MathJax out of the feedback, goes before nbgrader's.
TEMPLATES = [
    str(Path(__file__).with_name("templates")),
    str(Path(nbgrader.__file__).parent / "server_extensions/formgrader/templates"),
]

MORE_TAGS = """
    br caption col colgroup dd del details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr img ins kbd p pre q s samp
    small span sub summary sup table tbody td tfoot th thead tr tt u var
"""
TAGS = bleach.ALLOWED_TAGS | set(MORE_TAGS.split())
HARMLESS_LINK = re.compile(r"https?://|mailto:|#")
EMBEDDED_IMAGE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*\Z")
NOT_TEXT = re.compile(r"<(script|style)\b[^<>]*>[^<]*(</\1\s*>)?", re.IGNORECASE)
CSS = CSSSanitizer(allowed_css_properties=["text-align"])


def attribute_is_harmless(tag: str, name: str, value: str) -> bool:
    """Whether an attribute may stay: links lead away from this server, images are in the page.

    There is no class, id, name or data-… among them: formgrader's scripts find their buttons and inputs by those.
    """
    if (tag, name) == ("a", "href"):
        return HARMLESS_LINK.match(value) is not None
    if (tag, name) == ("img", "src"):
        return EMBEDDED_IMAGE.match(value) is not None
    return name in {
        "img": {"alt", "width", "height"},
        "td": {"colspan", "rowspan", "style"},
        "th": {"colspan", "rowspan", "style"},
        "tr": {"style"},
        "table": {"border"},
        "ol": {"start"},
    }.get(tag, ())


def harmless(html: str) -> str:
    """HTML that shows what `html` shows, as far as text, tables and embedded images go."""
    without_code = NOT_TEXT.sub("", html)  # bleach alone would show it as text
    protocols = ["http", "https", "mailto", "data"]
    return bleach.clean(without_code, TAGS, attribute_is_harmless, protocols, strip=True, css_sanitizer=CSS)


@pass_context
def render_markdown(context: Context, source: str) -> str:
    """nbconvert's filter `markdown2html`, made harmless: what Markdown says is known only when it is HTML."""
    attachments = context.get("cell", {}).get("attachments", {})
    renderer = IPythonRenderer(escape=False, attachments=attachments, exclude_anchor_links=True)
    try:
        return harmless(MarkdownWithMath(renderer=renderer).render(source))
    except InvalidNotebook as error:
        return f"<p>[{escape(str(error))}]</p><pre>{escape(source)}</pre>"


class Harmless(SanitizeHTML):
    """nbconvert's sanitizer, with tables, embedded images and limits of size.

    Markdown is left to `render_markdown`. SVG stays: the template shows it as an image, in which no script runs.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.safe_output_keys = {"text/plain", "text/latex", "text/markdown", "image/svg+xml", *IMAGES}
        self.sanitized_output_types = {"text/html"}

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        self.text_left, self.images_left = PAGE_TEXT, PAGE_IMAGES
        nb.metadata.pop("widgets", None)
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell: NotebookNode, resources: Resources, index: int) -> tuple[NotebookNode, Resources]:
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in ("nbgrader",) if key in cell.metadata})
        if cell.cell_type == "raw":
            return super().preprocess_cell(cell, resources, index)
        if not is_test(cell):
            cell.source = self.text(cell.source)
        if cell.cell_type == "markdown":
            cell.attachments = self.attached(cell.get("attachments", {}))
            return cell, resources
        *outputs, last = self.fewer(cell.outputs) or [None]
        cell.outputs = self.sanitize_code_outputs(outputs)
        if last is not None:
            if is_test(cell):  # what a test says is always shown
                self.text_left = max(self.text_left, SHOWN_TEXT)
            cell.outputs += self.sanitize_code_outputs([last])
        return cell, resources

    def fewer(self, outputs: list[NotebookNode]) -> list[NotebookNode]:
        """The first outputs and the last one."""
        more = len(outputs) - SHOWN_OUTPUTS
        if more <= 0:
            return outputs
        return [*outputs[: SHOWN_OUTPUTS - 1], note(f"{more} more outputs are not shown"), outputs[-1]]

    def sanitize_code_outputs(self, outputs: list[NotebookNode]) -> list[NotebookNode]:
        for output in outputs:
            if output.output_type == "stream":
                output.text = self.text(output.text)
            elif output.output_type == "error":
                output.traceback = [self.text("\n".join(output.traceback), end=True)]
            else:
                output.data = NotebookNode(self.data(output.data))
                output.metadata = NotebookNode()
        return super().sanitize_code_outputs(outputs)

    def data(self, bundle: dict[str, Any]) -> dict[str, str]:
        """The forms of an output that can be shown, or a word about why there is none."""
        known = self.safe_output_keys | self.sanitized_output_types
        shown = {kind: text for kind, text in bundle.items() if kind in known and isinstance(text, str)}
        for kind in [kind for kind in shown if kind.startswith("image/")]:
            if problem := self.problem(kind, shown[kind]):
                del shown[kind]
                shown["text/plain"] = problem
        for kind in shown.keys() & {"text/plain", "text/latex", "text/markdown"}:
            shown[kind] = self.text(shown[kind])
        return shown or {"text/plain": f"[not shown here: {', '.join(bundle)[:200]}]"}

    def sanitize_html_tags(self, html_str: str) -> str:
        most = min(SHOWN_HTML, self.text_left)
        self.text_left -= min(len(html_str), most)
        left_out = f"<p>{cut(len(html_str) - most)}</p>" if len(html_str) > most else ""
        return harmless(html_str[:most]) + left_out

    def text(self, text: str, *, end: bool = False) -> str:
        """As much of a text as may be shown, from its beginning or from its end."""
        most = min(SHOWN_TEXT, self.text_left)
        self.text_left -= min(len(text), most)
        if len(text) <= most:
            return text
        left_out = cut(len(text) - most)
        return f"{left_out}\n{text[len(text) - most :]}" if end else f"{text[:most]}\n\n{left_out}"

    def problem(self, kind: str, image: str) -> str:
        """Why an image cannot be shown; nothing if it can."""
        if kind in IMAGES and not is_image(kind, image):
            return f"[this is no {kind}]"
        if len(image) > min(SHOWN_IMAGE, self.images_left):
            return f"[{kind}, {len(image) / 1e6:.1f} MB: too large to be shown here]"
        self.images_left -= len(image)
        return ""

    def attached(self, attachments: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
        """The images that belong to a Markdown cell, as far as they can be shown."""
        return {
            name: {kind: bundle[kind]}
            for name, bundle in attachments.items()
            for kind in IMAGES
            if isinstance(bundle.get(kind), str) and not self.problem(kind, bundle[kind])
        }


class HideTests(ClearHiddenTests):
    """Take the hidden tests out of our cells, and out of what a student's code has printed of them."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        ours = [line.strip() for cell in nb.cells if is_test(cell) for line in cell.source.splitlines()]
        nb, resources = super().preprocess(nb, resources)
        seen = "\n".join(cell.source for cell in nb.cells)
        hidden = sorted({line for line in ours if len(line) >= TELLING and line not in seen}, key=len, reverse=True)
        hidden += [escape(line, quote=False) for line in hidden]  # as they are in HTML
        if hidden:
            pattern = re.compile("|".join(map(re.escape, hidden)))
            for cell in nb.cells:
                for output in cell.get("outputs", ()):
                    redact(output, pattern)
        return nb, resources

    def preprocess_cell(self, cell: NotebookNode, resources: Resources, index: int) -> tuple[NotebookNode, Resources]:
        return super().preprocess_cell(cell, resources, index) if is_test(cell) else (cell, resources)


def redact(output: NotebookNode, pattern: re.Pattern[str]) -> None:
    """Replace what the pattern finds in the text of an output, colored or not."""

    def without(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        plain, found = pattern.subn("[hidden test]", strip_ansi(text))
        return plain if found else text

    if output.output_type == "stream":
        output.text = without(output.text)
    elif output.output_type == "error":
        output.traceback = [without(line) for line in output.traceback]
    else:
        output.data = NotebookNode(
            {kind: without(text) if kind.startswith("text/") else text for kind, text in output.data.items()}
        )


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell is one of ours that is graded by what it raises."""
    return is_grade(cell) and not is_solution(cell)


def is_image(kind: str, encoded: str) -> bool:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True).startswith(IMAGES[kind])
    except (binascii.Error, ValueError):
        return False


def cut(characters: int) -> str:
    return f"… cut: {characters:,} more characters are not shown"


def note(text: str) -> NotebookNode:
    return new_output("stream", name="stderr", text=f"… {text}\n")
