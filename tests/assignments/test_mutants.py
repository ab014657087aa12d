"""Every test of every assignment, turned into one that must fail, does fail for the reference solution.

The grader runs one of these beside each test, drawn at random, and raises an alarm if it passes.
"""

import base64
import random
import shutil

import pytest

from course_utils import authoring
from course_utils.grading.course import Course
from course_utils.grading.execute import Cell, execute
from course_utils.grading.mutants import mutants
from course_utils.grading.sandbox.confine import Limits
from course_utils.grading.sandbox.launch import Sandbox
from course_utils.grading.sanitize import sanitize
from tests.assignments.grading import ROOT
from tests.conftest import missing


@pytest.mark.slow
@pytest.mark.parametrize("name", authoring.assignments(ROOT))
def test_what_must_fail_does(name, record_property):
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    assignment = Course(ROOT).assignment(name)
    rng = random.Random(1)
    cells, turned = [], []
    for cell in sanitize(assignment.source, assignment.release, assignment.source).code():
        cells.append(Cell(cell.source, test=False))
        if cell.test:
            found = mutants(cell.source, rng)
            turned += range(len(cells), len(cells) + len(found))
            cells += [Cell(mutant.source, test=False) for mutant in found]
    files = {path: base64.b64encode(data).decode() for path, data in assignment.support.items()}
    with Sandbox(assignment.modules) as sandbox:
        done = execute(sandbox, cells, files, Limits(), seed=1)
    passed = [cells[k].source for k in turned if done.cells[k].ending != "error"]
    assert not passed
    record_property(f"turned tests of {name}", len(turned))
    other = {
        run.ending: cell.source for k, (cell, run) in enumerate(zip(cells, done.cells, strict=True)) if k not in turned
    }
    assert set(other) == {"ok"}
