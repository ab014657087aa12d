"""nbgrader's own autograde runs submissions in the course's sandbox."""

import shutil

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI

from course_utils.grading.course import Course
from tests.conftest import missing
from tests.grading.classroom import NAME, RIGHT, answered, hand_in, make_course

pytestmark = pytest.mark.slow

NOSY = """import os, sys
print(sorted(os.listdir(".")), os.getcwd(), os.path.exists({root!r}))
print("a warning", file=sys.stderr)
open("mine.txt", "w").write("x")
"""


def test_autograde_of_nbgrader_is_confined_and_fair(tmp_path):
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    root = make_course(tmp_path)
    nosy = NOSY.format(root=str(root)) + RIGHT["answer"]
    loud = "import sys\n\ndef double(x):\n    print('note', file=sys.stderr)\n    return 2 * x"
    hand_in(root, "ann", answered(root, **RIGHT | {"answer": nosy, "double": loud}))
    (root / "submitted" / "ann" / NAME / "helper.py").write_text("x = 1")
    result = NbGraderAPI(config=Course(root).config).autograde(NAME, "ann")
    assert result["success"], result["log"]
    graded = root / "autograded" / "ann" / NAME
    cells = nbformat.read(graded / f"{NAME}.ipynb", as_version=4).cells
    said = "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))
    assert "['helper.py'] /home/student False" in said
    assert not (graded / "mine.txt").exists()
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        got = {grade.name: grade.auto_score for grade in book.find_submission_notebook(NAME, NAME, "ann").grades}
    assert got == {"test_double": 2, "test_answer": 1, "essay": None}


def test_what_is_tampered_with_waits_for_a_person_there_too(tmp_path):
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    root = make_course(tmp_path)
    patched = "import course_utils.checks as c\nc.check_close = print\n"
    hand_in(root, "ann", answered(root, **RIGHT | {"answer": patched + RIGHT["answer"]}))
    result = NbGraderAPI(config=Course(root).config).autograde(NAME, "ann")
    assert result["success"], result["log"]
    assert "check_close was replaced" in result["log"]
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        grades = book.find_submission_notebook(NAME, NAME, "ann").grades
        assert all(grade.needs_manual_grade for grade in grades)


def test_a_cell_that_is_no_python_costs_only_itself_there_too(tmp_path):
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    root = make_course(tmp_path)
    hand_in(root, "ann", answered(root, **RIGHT | {"answer": "def f(:"}))
    result = NbGraderAPI(config=Course(root).config).autograde(NAME, "ann")
    assert result["success"], result["log"]
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        got = {grade.name: grade.auto_score for grade in book.find_submission_notebook(NAME, NAME, "ann").grades}
    assert got == {"test_double": 2, "test_answer": 0, "essay": None}
