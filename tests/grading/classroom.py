"""A small course with one assignment, and submissions to it."""

import copy
import shutil
from pathlib import Path

import nbformat

from tests.assignments.grading import ROOT

NAME = "toy"


def cell(kind, grade_id, source, **marks):
    made = nbformat.v4.new_code_cell(source) if kind == "code" else nbformat.v4.new_markdown_cell(source)
    made.id = grade_id
    made.metadata["nbgrader"] = {
        "grade": False,
        "solution": False,
        "task": False,
        "locked": False,
        "schema_version": 3,
        "grade_id": grade_id,
        **marks,
    }
    return made


def instructor_notebook():
    test = {"grade": True, "locked": True}
    return nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[
            nbformat.v4.new_markdown_cell("# Assignment: toy"),
            cell("code", "setup", "import numpy as np\nfrom course_utils.checks import check_close", locked=True),
            cell(
                "code",
                "double",
                "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
                solution=True,
            ),
            cell(
                "code",
                "test_double",
                "check_close(double(1), 2)\n"
                "### BEGIN HIDDEN TESTS\ncheck_close(double(21), 42, name='hidden')\n### END HIDDEN TESTS",
                points=2,
                **test,
            ),
            cell("code", "answer", "answer = ...\n### BEGIN SOLUTION\nanswer = 'B'\n### END SOLUTION", solution=True),
            cell(
                "code",
                "test_answer",
                "assert answer in ('A', 'B')\n"
                "### BEGIN HIDDEN TESTS\nassert answer == 'B', 'not that one'\n### END HIDDEN TESTS",
                points=1,
                **test,
            ),
            cell("markdown", "essay", "Because of symmetry.", grade=True, solution=True, points=1),
        ],
    )


def make_course(root: Path) -> Path:
    """A course in the folder `root`, with the assignment released."""
    from nbgrader.apps import NbGraderAPI

    from course_utils.grading.course import Course

    shutil.copy(ROOT / "nbgrader_config.py", root)
    (root / "_toc.yml").touch()
    (root / "solutions" / NAME).mkdir(parents=True)
    nbformat.write(instructor_notebook(), root / "solutions" / NAME / f"{NAME}.ipynb")
    result = NbGraderAPI(config=Course(root).config).generate_assignment(NAME, force=True, create=True)
    assert result["success"], result["log"]
    return root


def with_test(root: Path, source: str) -> None:
    """Replace the test of `double` by `source`."""
    path = root / "solutions" / NAME / f"{NAME}.ipynb"
    nb = nbformat.read(path, as_version=4)
    [test] = [cell for cell in nb.cells if cell.get("id") == "test_double"]
    test.source = source
    nbformat.write(nb, path)


SCORING = """
def test_double(handed):
    assert abs(float(handed["x"]) - 42) < 1, "the secret answer was not met"
"""


def score_outside(root: Path) -> None:
    """Let the test of `double` hand its result over, to be scored where no student's code runs."""
    handed = "from course_utils.handover import hand_over\nhand_over(x=np.array(float(double(21))))"
    with_test(root, f"check_close(double(1), 2)\n{handed}")
    (root / "solutions" / NAME / "scoring.py").write_text(SCORING)


def released(root: Path):
    return nbformat.read(root / "exercises" / NAME / f"{NAME}.ipynb", as_version=4)


def answered(root: Path, **answers):
    """The release with some cells changed: `answers` maps a grade_id to a source."""
    nb = copy.deepcopy(released(root))
    for each in nb.cells:
        name = each.metadata.get("nbgrader", {}).get("grade_id")
        each.source = answers.get(name, each.source)
    return nb


RIGHT = {"double": "def double(x):\n    return x + x", "answer": "answer = 'B'", "essay": "Because I say so."}


def hand_in(root: Path, student: str, nb, name: str = f"{NAME}.ipynb") -> Path:
    folder = root / "submitted" / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if isinstance(nb, bytes):
        path.write_bytes(nb)
    else:
        nbformat.write(nb, path)
    return path
