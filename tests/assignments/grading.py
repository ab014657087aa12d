"""Grade notebooks with the course's own grader, in a folder and a gradebook of their own."""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbgrader.api import Gradebook

from course_utils.grading.course import Course
from course_utils.grading.engine import grade as grade_all
from course_utils.grading.sandbox.confine import Limits
from tests.conftest import missing

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(cell_seconds=15)


class Graded(NamedTuple):
    scores: dict[str, float]  #: points by grade_id, of the cells that are graded automatically
    possible: dict[str, float]
    messages: dict[str, str]  #: what each graded cell printed or raised


def grade(root: Path, name: str, submissions: dict[str, nbformat.NotebookNode]) -> dict[str, Graded]:
    """Grade `submissions` (student → notebook) to the assignment `name` in the empty folder `root`."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    for kind in ("solutions", "exercises"):
        shutil.copytree(ROOT / kind / name, root / kind / name)
    for student, nb in submissions.items():
        folder = root / "submitted" / student / name
        folder.mkdir(parents=True)
        nbformat.write(nb, folder / f"{name}.ipynb")
    results = grade_all(name, Course(root), workers=1, limits=LIMITS)
    alarms = {result.student: result.reason for result in results if result.alarms or not result.possible}
    assert not alarms, "no answer here tampers with its tests"
    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        return {student: read(gradebook, root, name, student) for student in submissions}


def read(gradebook: Gradebook, root: Path, name: str, student: str) -> Graded:
    nb = nbformat.read(root / "autograded" / student / name / f"{name}.ipynb", as_version=4)
    messages = {
        cell.metadata.nbgrader.grade_id: "\n".join(map(text_of, cell.get("outputs", [])))
        for cell in nb.cells
        if "nbgrader" in cell.metadata
    }
    by_hand = {
        cell.metadata.nbgrader.grade_id for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution")
    }
    grades = [
        grade for grade in gradebook.find_submission_notebook(name, name, student).grades if grade.name not in by_hand
    ]
    return Graded(
        scores={grade.name: grade.auto_score for grade in grades},
        possible={grade.name: grade.max_score for grade in grades},
        messages=messages,
    )


def text_of(output: nbformat.NotebookNode) -> str:
    if output.output_type == "error":
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join([output.ename, output.evalue, *output.traceback]))
    return output.get("text", "") or str(output.get("data", {}).get("text/plain", ""))
