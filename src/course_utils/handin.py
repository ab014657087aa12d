"""Before handing in: is the notebook whole? For the last cell of each assignment.

It looks at the file as it was saved and compares it with the outline that was written into it when it was released
(`course_utils.grading.check`). Grading asks the release alone, so a student who changes the outline fools nobody else.
"""

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from nbformat import NotebookNode

from course_utils.grading.check import (
    Cells,
    UnreadableError,
    compare,
    digest,
    grade_id,
    read_notebook,
    read_outline,
)


def check_notebook(name: str) -> None:
    """Print whether the notebook of the assignment `name`, as saved in the working folder, can be handed in."""
    if os.environ.get("NBGRADER_EXECUTION") == "autograde":
        print("This notebook has been handed in: there is nothing to check here.")
        return
    for line in look(name, Path.cwd()):
        print(line)


def look(name: str, folder: Path) -> Iterator[str]:
    """What a student should know before handing in `folder/name.ipynb`, line by line."""
    path = folder / f"{name}.ipynb"
    others = namesakes(name, folder)
    if not path.is_file():
        yield f"There is no {path.name} in the folder that this notebook runs in."
        if others:
            found = " and ".join(other.name for other in others)
            yield f"But there is {found}: give the one to hand in the name {path.name}, and run this cell again."
        else:
            yield "Give this notebook that name, or look for the file of that name that you mean to hand in."
        return
    try:
        notebook = read_notebook(path)
    except UnreadableError as error:
        yield f"{path.name} cannot be handed in like this: {error}."
        return
    outline = read_outline(notebook)
    if outline is None:
        yield f"{path.name} has no outline of its release, so there is nothing to compare it with."
        yield "The instructor's has none. If it is yours, copy your answers into the notebook as you once got it."
        return
    if outline.assignment != name:
        yield f"{path.name} cannot be handed in: it holds another assignment, {outline.assignment}."
        return
    yield f"{path.name} was saved {saved(path)}. If you have changed it since, save it first and run this cell again."
    findings = compare(outline.cells, notebook)
    empty = untouched(outline.cells, notebook)
    yield from (f"- {finding.message}" for finding in findings)
    yield from (f"- {copy_of(path, other)}" for other in others)
    yield from (f"- not filled in yet: {answer} ({heading})" for answer, heading in empty.items())
    first = " once you have seen to the lines above" if findings else ""
    yield f"{path.name} can be handed in{first}: {contents(outline.cells, notebook, len(empty))}."
    graded = [cell for cell in outline.cells.values() if cell.graded]
    hidden = [cell for cell in graded if cell.hidden]
    yield (
        f"Its checks are what you see of the grading: {len(hidden)} of the {len(graded)} graded cells have hidden "
        "tests too, which run when it is graded."
    )


def namesakes(name: str, folder: Path) -> list[Path]:
    """The notebooks in the folder that hold the assignment `name` under another file name."""
    return [path for path in sorted(folder.glob("*.ipynb")) if path.stem != name and holds(path, name)]


def holds(path: Path, name: str) -> bool:
    """Whether a notebook is of the assignment `name`: by its outline, or by its file name if it has none."""
    try:
        outline = read_outline(read_notebook(path))
    except UnreadableError:
        outline = None
    return outline.assignment == name if outline else path.stem.startswith(name)


def copy_of(path: Path, other: Path) -> str:
    """What to do about a second copy."""
    if other.stat().st_mtime > path.stat().st_mtime:
        return (
            f"{other.name} was saved later, {saved(other)}, and only {path.name} is handed in: "
            f"if you have worked on the other, delete {path.name} and give its name to the other"
        )
    return f"{other.name} is another copy, saved {saved(other)}: only {path.name} is handed in"


def saved(path: Path) -> str:
    """When a file was saved, by the clock of this machine."""
    when = datetime.fromtimestamp(path.stat().st_mtime)
    return f"today at {when:%H:%M}" if when.date() == date.today() else f"on {when:%Y-%m-%d} at {when:%H:%M}"


def untouched(released: Cells, notebook: NotebookNode) -> dict[str, str]:
    """The answers that are as they were released, each with the heading above it."""
    answers = {name: cell for name, cell in released.items() if cell.answer}
    found = {}
    for cell, heading in with_headings(notebook):
        ours = answers.pop(grade_id(cell) or "", None)  # a second copy does not count
        if ours and digest(cell) == ours.digest:
            found[grade_id(cell)] = heading
    return found


def with_headings(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, str]]:
    """Each cell with the heading above it."""
    heading = ""
    for cell in notebook.cells:
        titles = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
        if cell.cell_type == "markdown" and titles:
            heading = titles[-1]
        yield cell, heading


def contents(released: Cells, notebook: NotebookNode, empty: int) -> str:
    """How much of the assignment is there, in words."""
    there = {grade_id(cell) for cell in notebook.cells}
    graded = {name for name, cell in released.items() if cell.graded}
    answers = {name for name, cell in released.items() if cell.answer}
    cells = f"all {len(graded)}" if graded <= there else f"{len(graded & there)} of {len(graded)}"
    return f"{cells} graded cells are there, {len(answers & there) - empty} of {len(answers)} answers are filled in"
