"""The course as grading sees it: where its notebooks, its submissions and its gradebook are."""

import ast
import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from course_utils.grading import check, scoring
from course_utils.grading.sandbox.confine import Limits
from course_utils.grading.worker import ALWAYS
from course_utils.names import unknown_name

PRELOADED = {
    "awkward",
    "course_utils",
    "matplotlib",
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "tensorflow",
    "torch",
    "uproot",
}


class CourseError(Exception):
    """Something in the course's folder has to be put right first; the message says what."""


class Assignment:
    """The instructor's notebook of an assignment, what students got of it, and what grading needs to know of both."""

    def __init__(self, name: str, source: Path, release: Path) -> None:
        self.name = name
        self.source = nbformat.read(source, as_version=4)
        self.release = nbformat.read(release, as_version=4)
        if names(self.source) != names(self.release):
            raise CourseError(f"{release} is not of {source}: release {name!r} again (make exercises NAME={name}).")
        self.support = check.read_files(source.parent, source.name)
        self.support.pop(scoring.FILE, None)  # holds what must not come near a student's code
        self.scorers = scoring.load(source.parent / scoring.FILE)
        self.modules = tuple(dict.fromkeys([*ALWAYS, *imported(self.source)]))
        self.fingerprint = fingerprint(
            [path.read_bytes() for path in (source, release, source.parent / scoring.FILE) if path.is_file()]
        )


def names(notebook: NotebookNode) -> list[str]:
    """nbgrader's names of its cells, in order."""
    return [name for cell in notebook.cells if (name := check.grade_id(cell)) is not None]


def imported(notebook: NotebookNode) -> Iterator[str]:
    """The installed modules that a notebook imports, to be imported once by the fork server."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        lines = [line for line in cell.source.splitlines() if not line.startswith(("%", "!"))]
        for node in ast.walk(ast.parse("\n".join(lines))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from (name for name in names if name.split(".")[0] in PRELOADED)


def fingerprint(pieces: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()


def limits(config: Config) -> Limits:
    """The limits that a configuration sets, such as `c.Limits.memory = 4 * 1024**3`."""
    chosen = dict(config.get("Limits", {}))
    known = [field.name for field in fields(Limits)]
    for name, value in chosen.items():
        if name not in known:
            raise CourseError(f"nbgrader_config.py: {unknown_name('limit', name, known)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise CourseError(f"nbgrader_config.py: c.Limits.{name} is {value!r}, expected a number above 0.")
    return Limits(**chosen)


class Course:
    """The folder of a course, as `nbgrader_config.py` in it describes it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        self.directory = CourseDirectory(config=self.config)

    @property
    def limits(self) -> Limits:
        """What a submission may use: the defaults, and what `nbgrader_config.py` says of `c.Limits`."""
        return limits(self.config)

    def path(self, kind: str, student: str, assignment: str) -> Path:
        """The folder of a kind (`source`, `release`, `submitted`, `autograded`) for a student and an assignment."""
        folder = getattr(self.directory, f"{kind}_directory")
        return Path(self.directory.format_path(folder, student, assignment))

    @property
    def autograded(self) -> Path:
        return self.path("autograded", ".", ".").resolve()

    def assignment(self, name: str) -> Assignment:
        source = self.path("source", ".", name) / f"{name}.ipynb"
        release = self.path("release", ".", name) / f"{name}.ipynb"
        for path in (source, release):
            if not path.is_file():
                raise CourseError(f"There is no {path}: is the assignment called {name!r}, and released?")
        return Assignment(name, source, release)

    def submitted(self, name: str) -> list[tuple[str, Path]]:
        """The students who have handed in something for the assignment `name`, with the folders of their files."""
        parent = self.path("submitted", ".", ".").resolve()
        students = sorted(path.name for path in parent.iterdir()) if parent.is_dir() else []
        return [(student, parent / student / name) for student in students if (parent / student / name).is_dir()]

    @contextlib.contextmanager
    def gradebook(self, name: str) -> Iterator[Gradebook]:
        """The gradebook, which knows the assignment `name`."""
        with Gradebook(self.directory.db_url, self.directory.course_id) as book:
            try:
                book.find_notebook(name, name)
            except MissingEntry:
                known = False
            else:
                known = True
        if not known:
            from nbgrader.apps import NbGraderAPI  # a second or two to import, needed once per assignment

            result = NbGraderAPI(config=self.config).generate_assignment(name, force=True, create=True)
            if not result["success"]:
                raise CourseError(f"nbgrader could not enter {name!r} into the gradebook:\n{result['log']}")
        with Gradebook(self.directory.db_url, self.directory.course_id) as book:
            yield book
