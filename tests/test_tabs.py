"""Code cells that become tabs on a page."""

from docutils import nodes
from docutils.utils import new_document
from sphinx_design.shared import is_component

from course_utils import tabs


def cell(*tags):
    return nodes.container("", nodes.literal_block("", " ".join(tags)), cell_metadata={"tags": list(tags)})


def page(*children):
    document = new_document("page")
    document += nodes.section("", *children)
    tabs.join_cells(None, document)
    return document[0]


def contents(tab_set):
    return {title.astext(): [child.astext() for child in content] for title, content in tab_set}


def test_neighbors_become_one_set_and_a_paragraph_parts_two():
    first, between, second = page(
        cell("tab:A"), cell("tab:B"), nodes.paragraph("", "text"), cell("tab:B"), cell("tab:A")
    )
    assert is_component(first, "tab-set")
    assert isinstance(between, nodes.paragraph)
    assert list(contents(first)) == ["A", "B"]
    assert list(contents(second)) == ["B", "A"]


def test_cells_of_one_name_share_a_tab():
    (only,) = page(cell("tab:A"), cell("tab:A", "hide-input"), cell("tab:B"))
    assert contents(only) == {"A": ["tab:A", "tab:A hide-input"], "B": ["tab:B"]}


def test_tabs_of_one_name_are_synchronized():
    first, _, second = page(cell("tab:A"), nodes.paragraph("", "text"), cell("tab:A"))
    keys = {(title["sync_group"], title["sync_id"]) for title, _ in (first[0], second[0])}
    assert keys == {("tab", "A")}


def test_what_is_not_tagged_stays_where_it_was():
    children = [cell("hide-input"), nodes.paragraph("", "text"), cell()]
    assert page(*children).children == children
