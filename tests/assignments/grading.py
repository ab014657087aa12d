"""Grade notebooks with nbgrader as the course configures it, in a folder and a gradebook of their own."""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config, PyFileConfigLoader

ROOT = Path(__file__).resolve().parents[2]
SECONDS_PER_CELL = 15


class Graded(NamedTuple):
    scores: dict[str, float]  #: points by grade_id, of the cells that are graded automatically
    possible: dict[str, float]
    messages: dict[str, str]  #: what each graded cell printed or raised


def grade(course: Path, name: str, submissions: dict[str, nbformat.NotebookNode]) -> dict[str, Graded]:
    """Grade `submissions` (student → notebook) to the assignment `name` in the empty folder `course`."""
    for student, nb in submissions.items():
        folder = course / "submitted" / student / name
        folder.mkdir(parents=True)
        nbformat.write(nb, folder / f"{name}.ipynb")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    config.merge(
        Config(
            CourseDirectory={
                "root": str(course),
                "source_directory": str(ROOT / "solutions"),
                "release_directory": str(course / "release"),
                "db_url": f"sqlite:///{course}/gradebook.db",
            },
            Execute={"timeout": SECONDS_PER_CELL},
            Application={"log_level": "ERROR"},
        )
    )
    api = NbGraderAPI(config=config)
    released = api.generate_assignment(name, force=True, create=True)
    assert released["success"], released["log"]
    for student in submissions:
        result = api.autograde(name, student)
        assert result["success"], result["log"]
    with Gradebook(config.CourseDirectory.db_url) as gradebook:
        return {student: read(gradebook, course, name, student) for student in submissions}


def read(gradebook: Gradebook, course: Path, name: str, student: str) -> Graded:
    nb = nbformat.read(course / "autograded" / student / name / f"{name}.ipynb", as_version=4)
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
