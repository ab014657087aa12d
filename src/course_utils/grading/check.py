"""Look at what a student hands in, without running it: is it whole, is it ours, can it be graded?

Students run the same check before they hand in (`course grade --check FILE`); it needs their file and the release.
Each finding says what to do. `repaired` means that grading puts it right by itself.
"""

import json
import os
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

LARGEST_NOTEBOOK = 10 * 1024 * 1024
LARGEST_FILES = 50 * 1024 * 1024
MOST_FILES = 50
MOST_CELLS = 1000

ERROR, REPAIRED = "error", "repaired"


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
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(f"{path.name} is not an ordinary file: hand in the file itself")
        content = file.read(largest + 1)
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


def read_files(folder: Path, notebook: str) -> dict[str, bytes]:
    """The other files of a submission by their relative names; links and oddities are left out."""
    found: dict[str, bytes] = {}
    size = 0
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            if relative in (notebook, "timestamp.txt") or name.startswith(".") or path.is_symlink():
                continue
            if not path.is_file():
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


def compare(release: NotebookNode, submission: NotebookNode) -> list[Finding]:
    """How the cells of a submission differ from the released ones, beyond what a student is to change."""
    findings = []
    ours = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    counts = Counter(grade_id(cell) for cell in submission.cells if grade_id(cell))
    theirs = {grade_id(cell): cell for cell in reversed(submission.cells) if grade_id(cell)}
    for name, cell in ours.items():
        kind = marks(cell)
        if name not in theirs:
            what = "your answer" if kind["solution"] else "a cell of the assignment"
            findings.append(Finding(REPAIRED, f"the cell {name!r}, {what}, is missing: take it from the release again"))
            continue
        if counts[name] > 1:
            findings.append(
                Finding(REPAIRED, f"the cell {name!r} is there {counts[name]} times: keep one, delete the copies")
            )
        if theirs[name].cell_type != cell.cell_type:
            findings.append(
                Finding(REPAIRED, f"the cell {name!r} is no {cell.cell_type} cell any more: change it back")
            )
        if kind["locked"] and theirs[name].source.strip() != cell.source.strip():
            findings.append(Finding(REPAIRED, f"the cell {name!r} was changed; it will be graded as it was released"))
        if marks(theirs[name]) != kind:
            findings.append(Finding(REPAIRED, f"the cell {name!r} has lost its marks: grading uses the release's"))
    for name in counts.keys() - ours.keys():
        findings.append(Finding(REPAIRED, f"the cell {name!r} is not of this assignment: it runs, but counts nothing"))
    return findings


def check(path: Path, release: Path) -> list[Finding]:
    """What a student should know before handing in the notebook `path`; `release` is the released one."""
    try:
        submission = read_notebook(path)
    except UnreadableError as error:
        return [Finding(ERROR, str(error))]
    findings = compare(nbformat.read(release, as_version=4), submission)
    if path.name != release.name:
        findings.insert(0, Finding(ERROR, f"the file must be called {release.name}, not {path.name}: rename it"))
    return findings
