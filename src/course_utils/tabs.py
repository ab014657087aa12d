"""A Sphinx extension: neighboring code cells of a notebook whose tags begin with `tab:` become tabs on the page.

    {"tags": ["tab:PyTorch"]}

makes a cell part of the tab "PyTorch"; neighbors with the same tag share it. A choice holds for all tabs of the book.
In Jupyter the cells stand one below the other, as they run.
"""

from itertools import groupby

from docutils import nodes
from sphinx.application import Sphinx
from sphinx_design.shared import create_component

TAG = "tab:"


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx, which finds the module in `_config.yml`."""
    app.setup_extension("sphinx_design")
    app.connect("doctree-read", join_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def join_cells(_app: Sphinx, page: nodes.document) -> None:
    """Put each run of tagged cells on the page into a set of tabs."""
    for section in {id(cell.parent): cell.parent for cell in page.findall(label)}.values():
        children: list[nodes.Node] = []
        for tagged, run in groupby(section.children, lambda node: label(node) is not None):
            neighbors = list(run)
            children += [tab_set(neighbors)] if tagged else neighbors
        section[:] = children


def label(node: nodes.Node) -> str | None:
    """The name of the tab to which a code cell belongs, if it does."""
    metadata = node.get("cell_metadata", {}) if isinstance(node, nodes.container) else {}
    return next((tag.removeprefix(TAG) for tag in metadata.get("tags", ()) if tag.startswith(TAG)), None)


def tab_set(cells: list[nodes.Element]) -> nodes.container:
    """What sphinx-design's directives `tab-set` and `tab-item` make, around these cells."""
    contents: dict[str, list[nodes.Element]] = {}
    for cell in cells:
        contents.setdefault(str(label(cell)), []).append(cell)
    return create_component("tab-set", ["sd-tab-set"], children=[tab(*item) for item in contents.items()])


def tab(name: str, cells: list[nodes.Element]) -> nodes.container:
    """One tab with its label."""
    title = nodes.rubric(name, name, classes=["sd-tab-label"], sync_id=name, sync_group="tab")
    content = create_component("tab-content", ["sd-tab-content"], children=cells)
    return create_component("tab-item", ["sd-tab-item"], children=[title, content], selected=False)
