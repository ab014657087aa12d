"""The Sphinx extension of the playground: a directive that a page embeds it with.

    :::{playground} data=xor&hidden=2
    :::

It stands for the element in HTML, with the state's twin inside, which is what is seen without JavaScript; and for
the twin alone in everything else. With the option `:address:` the state is that of the page's address instead.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from PIL import Image
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

EPOCHS = 100  #: that a twin has trained if its state is untrained: on paper nobody can press Play
ALT, NUMBERS = "Description", "Comment"  #: the keywords under which a PNG carries them


def twin_of(state: str) -> Path:
    """The file of a state's twin, in a checkout of the course.

    >>> twin_of("data=xor&hidden=4,2").as_posix()
    'book/appendix/playground/data-xor-hidden-4-2.png'
    """
    return Path("book/appendix/playground", (re.sub(r"[^a-z0-9._]+", "-", state) or "default") + ".png")


class Playground(nodes.General, nodes.Element):
    """Holds the twin and its caption, and knows the `state` and whether it follows the `address`."""


class PlaygroundDirective(SphinxDirective):
    """`{playground} STATE`."""

    optional_arguments = 1
    option_spec: ClassVar = {"address": directives.flag}

    def run(self) -> list[nodes.Node]:
        state = self.arguments[0] if self.arguments else ""
        twin = twin_of(state)
        path = Path(self.env.srcdir, twin)
        self.env.note_dependency(str(path))
        if not path.is_file():
            raise self.error(f"the playground {state!r} has no twin: run `make playground`")
        with Image.open(path) as image:
            alt = image.text[ALT]
        node = Playground(state=state, address="address" in self.options)
        node += nodes.image(uri=f"/{twin.as_posix()}", alt=alt, classes=["no-scaled-link"], width="100%")
        caption = f"The playground of the web book, in a picture. State: {state or 'the default'}."
        node += nodes.paragraph("", "", nodes.emphasis(text=caption))
        return [node]


def visit_html(self: nodes.NodeVisitor, node: Playground) -> None:
    attributes = {"state": node["state"]} | ({"address": ""} if node["address"] else {})
    self.body.append(self.starttag(node, "course-playground", **attributes))


def depart_html(self: nodes.NodeVisitor, node: Playground) -> None:
    self.body.append("</course-playground>\n")


def nothing(self: nodes.NodeVisitor, node: Playground) -> None:
    """Outside of HTML the twin and its caption are all there is."""


def setup(app: "Sphinx") -> "ExtensionMetadata":
    app.add_directive("playground", PlaygroundDirective)
    printed = dict.fromkeys(("latex", "text", "man", "texinfo"), (nothing, nothing))
    app.add_node(Playground, html=(visit_html, depart_html), **printed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
