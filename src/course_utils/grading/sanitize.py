"""Make the notebook that is run: our cells as in the source, the student's answers in their places, nothing else.

Of the submission only the text of cells and the pictures in it survive. Metadata, tags, outputs and the kernel's name
are ours.
"""

import copy
import re
from typing import NamedTuple

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from course_utils.grading.check import Finding, compare, grade_id, marks, outline
from course_utils.grading.execute import Cell

# Not `ast`: what a student hands in may take a parser minutes and gigabytes.
DEFINED = re.compile(r"^(?:(?:async )?def |class |(?=\w+ *=[^=]))(\w+)", re.MULTILINE)
PICTURES = ("image/png", "image/jpeg")


class Sanitized(NamedTuple):
    """A notebook that can be run and recorded."""

    notebook: NotebookNode
    findings: list[Finding]

    def code(self) -> list[Cell]:
        """Its code cells in order."""
        return [
            Cell(cell.source, test=marks(cell)["grade"] and marks(cell)["locked"])
            for cell in self.notebook.cells
            if cell.cell_type == "code"
        ]


def sanitize(source: NotebookNode, release: NotebookNode, submission: NotebookNode) -> Sanitized:
    """`source` is the instructor's notebook, with hidden tests; `release` is what the student got.

    A second copy of an answer, and cells that the student has added, stand behind the cell of ours that they follow, as
    they did for the student.
    """
    ours = {grade_id(cell) for cell in source.cells if grade_id(cell)}
    released = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    untouched = {cell.source.strip() for cell in release.cells if not grade_id(cell)}
    answers: dict[str, NotebookNode] = {}
    added: dict[str | None, list[NotebookNode]] = {}
    last: str | None = None
    names = names_of(release, submission)
    for cell, name in zip(submission.cells, names, strict=True):
        if name in ours:
            if name not in answers:
                answers[name] = cell
                last = name
                continue
            if marks(released[name])["locked"]:
                continue
        if cell.cell_type != "raw" and cell.source.strip() not in untouched and not is_one_of_ours(cell, release):
            new = new_code_cell(cell.source) if cell.cell_type == "code" else with_pictures(new_markdown_cell(), cell)
            added.setdefault(last, []).append(new)
    cells = list(added.get(None, ()))
    for cell in source.cells:
        cell = copy.deepcopy(cell)
        name = grade_id(cell)
        if name and marks(cell)["solution"]:
            answer = answers.get(name, released[name])
            if cell.cell_type == "markdown":
                with_pictures(cell, answer)
            cell.source = answer.source
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        told = released.get(name, cell).metadata  # with the checksum of the released text
        cell.metadata = NotebookNode({key: copy.deepcopy(told[key]) for key in ("nbgrader",) if key in told})
        cells.append(cell)
        cells += added.get(name, ()) if name else ()
    notebook = copy.deepcopy(source)
    notebook.cells = cells
    return Sanitized(notebook, compare(outline(release), submission))


def with_pictures(cell: NotebookNode, answer: NotebookNode) -> NotebookNode:
    """The Markdown cell with the text of an answer, and with the pictures that were pasted into it."""
    pasted = answer.get("attachments")
    pictures = {
        str(name): NotebookNode({kind: content})
        for name, bundle in (pasted.items() if isinstance(pasted, dict) else ())
        for kind, content in (bundle.items() if isinstance(bundle, dict) else ())
        if kind in PICTURES and isinstance(content, str)
    }
    cell.source = answer.source
    cell.pop("attachments", None)
    if pictures:
        cell.attachments = NotebookNode(pictures)
    return cell


def names_of(release: NotebookNode, submission: NotebookNode) -> list[str | None]:
    """nbgrader's name of each submitted cell; an answer that has lost it is known by its id or by what it defines."""
    names = [grade_id(cell) for cell in submission.cells]
    theirs = [defined(cell) for cell in submission.cells]
    for cell in release.cells:
        name = grade_id(cell)
        if name is None or name in names or not marks(cell)["solution"]:
            continue
        nameless = [k for k, other in enumerate(submission.cells) if names[k] is None]
        by_id = [k for k in nameless if submission.cells[k].get("id") == cell.get("id")]
        wanted = defined(cell)
        by_content = [k for k in nameless if wanted and wanted <= theirs[k]]
        for k in (by_id or by_content)[:1]:
            names[k] = name
    return names


def defined(cell: NotebookNode) -> set[str]:
    """The functions and variables that a code cell defines at its top level."""
    return set(DEFINED.findall(cell.source)) if cell.cell_type == "code" else set()


def is_one_of_ours(cell: NotebookNode, release: NotebookNode) -> bool:
    """Whether a cell without a name is a locked one of the release that has lost its metadata."""
    return any(
        cell.source.strip() == ours.source.strip() and marks(ours)["locked"] for ours in release.cells if grade_id(ours)
    )
