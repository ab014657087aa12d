"""Look at what a student hands in, without running it: is it whole, is it ours, can it be graded?

A submission is compared with the outline of the release. Grading makes the outline of the release that the instructor
has. Each released notebook also carries it in its metadata, so that students can run the same comparison before they
hand in, with their own file alone (`course_utils.handin`). Each finding says what to do. `repaired` means that grading
puts it right by itself.
"""

import hashlib
import json
import os
import stat
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

LARGEST_NOTEBOOK = 10 * 1024 * 1024
LARGEST_FILES = 50 * 1024 * 1024
MOST_FILES = 50
MOST_FOLDERS = 10  #: in each other
MOST_CELLS = 1000

ERROR, REPAIRED = "error", "repaired"
ANSWER, ESSAY, TASK, TEST, LOCKED = "answer", "essay", "task", "test", "read-only"  #: an essay is graded by hand


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be, and what to do about it."""

    severity: str  #: `error`: cannot be graded like this; `repaired`: grading puts it right
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}"


class UnreadableError(Exception):
    """This cannot be graded; the message says what to do."""


def read_bytes(path: Path, largest: int) -> bytes:
    """The content of a regular file, opened once, so that what is checked is what is read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise UnreadableError(f"there is no file {path.name}") from None
    except OSError:
        raise UnreadableError(f"{path.name} is a link or cannot be opened: hand in the file itself") from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise UnreadableError(f"{path.name} is not an ordinary file: hand in the file itself")
        with os.fdopen(fd, "rb", closefd=False) as file:
            content = file.read(largest + 1)
    finally:
        os.close(fd)
    if len(content) > largest:
        raise UnreadableError(
            f"{path.name} is larger than the {largest / 1e6:.0f} MB allowed: clear its outputs and save it again"
        )
    return content


def read_notebook(path: Path) -> NotebookNode:
    """The notebook in a file that may be anything."""
    return parse_notebook(read_bytes(path, LARGEST_NOTEBOOK), path.name)


def parse_notebook(content: bytes, name: str) -> NotebookNode:
    """The notebook that the file `name` holds, from its content, which may be anything."""
    if not content.strip():
        raise UnreadableError(f"{name} is empty: save the notebook in Jupyter and hand it in again")
    try:
        raw = json.loads(content)
        raw = json.loads(json.dumps(raw, ensure_ascii=False).encode("utf-8", "replace"))  # half a surrogate is no text
    except (ValueError, RecursionError) as error:
        detail = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise UnreadableError(
            f"{name} is not a notebook ({detail}): open it in Jupyter, or take an earlier version of it"
        ) from None
    if not isinstance(raw, dict) or raw.get("nbformat") != 4 or not isinstance(raw.get("cells"), list):
        found = raw.get("nbformat") if isinstance(raw, dict) else None
        raise UnreadableError(f"{name} has notebook format {str(found)[:20]}, not 4: open it in JupyterLab and save it")
    if len(raw["cells"]) > MOST_CELLS:
        raise UnreadableError(f"{name} has more than {MOST_CELLS} cells: delete what does not belong to it")
    try:
        notebook = nbformat.from_dict(raw)
        for cell in notebook.cells:  # old versions lack ids, foreign tools write what does not belong here
            cell.source = "".join(cell.source) if isinstance(cell.get("source"), list) else cell.get("source", "")
            cell.metadata = cell.get("metadata") or NotebookNode()
            if not isinstance(cell.source, str) or not isinstance(cell.metadata, dict):
                raise TypeError("source")
            if cell.get("cell_type") not in ("code", "markdown", "raw"):
                raise TypeError("cell_type")
    except (TypeError, ValueError, AttributeError, RecursionError):
        raise UnreadableError(f"{name} has cells that are none: open it in JupyterLab and save it") from None
    return notebook


def walk(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """`os.walk`, in order, and not into what lies too deep for any honest purpose."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield Path(parent), folders, sorted(names)
        if len(Path(parent).relative_to(folder).parts) >= MOST_FOLDERS:
            folders.clear()


def read_files(folder: Path, notebook: str) -> dict[str, bytes]:
    """The other files of a submission by their relative names; links, oddities, names that are no text are left out."""
    found: dict[str, bytes] = {}
    size = 0
    for parent, folders, names in walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            if relative in (notebook, "timestamp.txt") or name.startswith(".") or path.is_symlink():
                continue
            if not path.is_file() or relative != relative.encode("utf-8", "replace").decode():
                continue
            if len(found) >= MOST_FILES:
                raise UnreadableError(
                    f"more than {MOST_FILES} files were handed in: keep those that the notebook needs"
                )
            found[relative] = read_bytes(path, LARGEST_FILES - size)
            size += len(found[relative])
    return found


def grade_id(cell: NotebookNode) -> str | None:
    """nbgrader's name of a cell, if it has one."""
    marks = cell.metadata.get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else None


def marks(cell: NotebookNode) -> dict[str, bool]:
    """Which of nbgrader's kinds a cell of ours is."""
    said = cell.metadata.get("nbgrader") or {}
    kinds = {kind: bool(said.get(kind)) for kind in ("grade", "solution", "task")}
    return kinds | {"locked": not kinds["solution"] and (kinds["grade"] or bool(said.get("locked")))}


def kind(cell: NotebookNode) -> str:
    """What a cell of ours is for, in one word."""
    said = marks(cell)
    if said["solution"]:
        return ESSAY if said["grade"] else ANSWER
    return next((word for mark, word in (("task", TASK), ("grade", TEST), ("locked", LOCKED)) if said[mark]), "free")


def digest(cell: NotebookNode) -> str:
    """Tells whether the text of a cell has changed; blank lines at its ends do not count."""
    return hashlib.sha256(cell.source.strip().encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True)
class Released:
    """What an outline says of a cell."""

    name: str
    cell_type: str
    kind: str
    digest: str
    hidden: bool = False  #: whether hidden tests were taken out of it

    @property
    def answer(self) -> bool:
        return self.kind in (ANSWER, ESSAY)

    @property
    def graded(self) -> bool:
        return self.kind in (ESSAY, TASK, TEST)


Cells = dict[str, Released]  #: by name, in their order


class Outline(NamedTuple):
    """What a release says of itself."""

    assignment: str
    cells: Cells


def outline(release: NotebookNode, hidden: Collection[str] = ()) -> Cells:
    """The outline of a release; `hidden` names the cells that had hidden tests, which nobody can see in it."""
    named = [(grade_id(cell), cell) for cell in release.cells]
    return {
        name: Released(name, cell.cell_type, kind(cell), digest(cell), name in hidden) for name, cell in named if name
    }


def write_outline(release: NotebookNode, assignment: str, hidden: Collection[str]) -> None:
    """Put the outline of a release into its own metadata, where Jupyter leaves it alone."""
    cells = [asdict(cell) for cell in outline(release, hidden).values()]
    release.metadata["course"] = {"assignment": assignment, "cells": cells}


def read_outline(notebook: NotebookNode) -> Outline | None:
    """The outline that a notebook carries; None if it has none that can be read. Grading never asks for it."""
    try:
        said = notebook["metadata"]["course"]
        return Outline(said["assignment"], {cell["name"]: Released(**cell) for cell in said["cells"]})
    except (KeyError, TypeError):
        return None


def compare(released: Cells, submission: NotebookNode) -> list[Finding]:
    """How the cells of a submission differ from the released ones, beyond what a student is to change."""
    findings = []
    counts = Counter(grade_id(cell) for cell in submission.cells if grade_id(cell))
    theirs = {grade_id(cell): cell for cell in reversed(submission.cells) if grade_id(cell)}
    for name, ours in released.items():
        if name not in theirs:
            what = "your answer" if ours.answer else "a cell of the assignment"
            findings.append(Finding(REPAIRED, f"the cell {name!r}, {what}, is missing: take it from the release again"))
            continue
        cell = theirs[name]
        if counts[name] > 1:
            findings.append(
                Finding(REPAIRED, f"the cell {name!r} is there {counts[name]} times: keep one, delete the copies")
            )
        if cell.cell_type != ours.cell_type:
            findings.append(
                Finding(REPAIRED, f"the cell {name!r} is no {ours.cell_type} cell any more: change it back")
            )
        if ours.kind in (TASK, TEST, LOCKED) and digest(cell) != ours.digest:
            findings.append(Finding(REPAIRED, f"the cell {name!r} was changed; it will be graded as it was released"))
        if kind(cell) != ours.kind:
            findings.append(Finding(REPAIRED, f"the cell {name!r} has lost its marks: grading uses the release's"))
    for name in sorted(counts.keys() - released.keys()):
        findings.append(Finding(REPAIRED, f"the cell {name!r} is not of this assignment: it runs, but counts nothing"))
    return findings


def check(path: Path, release: Path) -> list[Finding]:
    """What a student should know before handing in the notebook `path`; `release` is the released one."""
    try:
        submission = read_notebook(path)
    except UnreadableError as error:
        return [Finding(ERROR, str(error))]
    findings = compare(outline(nbformat.read(release, as_version=4)), submission)
    if path.name != release.name:
        findings.insert(0, Finding(ERROR, f"the file must be called {release.name}, not {path.name}: rename it"))
    return findings
