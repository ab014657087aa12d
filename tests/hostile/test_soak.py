"""A class graded while everything around it is killed: in the end it is as if nothing had happened.

Thirty submissions in `make test`, three hundred in `make hostile`; one in ten is hostile, drawn from the table.
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from course_utils.grading.sandbox.launch import family, parent_of
from course_utils.grading.verdict import GRADED
from tests.conftest import missing
from tests.grading.classroom import NAME, RIGHT, answered, hand_in, make_course
from tests.grading.conftest import SHORT
from tests.hostile.cases import CASES, LOOPS, QUICK, Place
from tests.hostile.machine import command_line, left_over, processes, reaper

pytestmark = pytest.mark.slow

DRAWN = [
    case
    for case in CASES
    if case.name in QUICK and case not in LOOPS and not (case.scored or case.later or case.points is None)
]
GRADE = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from course_utils.grading.course import Course
from course_utils.grading.engine import grade
from course_utils.grading.sandbox.confine import Limits
if __name__ == "__main__":
    results = grade(sys.argv[1], Course(Path(".")), workers=2, limits=Limits(**json.loads(sys.argv[2])))
    Path("results.json").write_text(json.dumps([asdict(result) for result in results]))
"""
MINUTES = 10  #: that one run may take


def start(root: Path) -> subprocess.Popen:
    (root / "run.py").write_text(GRADE)  # a file, because Dask's workers import it
    arguments = [sys.executable, "run.py", NAME, json.dumps(asdict(SHORT))]
    return subprocess.Popen(arguments, cwd=root, start_new_session=True)


def journal(root: Path) -> dict[str, dict]:
    """What was executed, by student; an entry that is half written would not be JSON."""
    return {path.stem: json.loads(path.read_bytes())["execution"] for path in (root / ".grading" / NAME).glob("*.json")}


def wait_for(run: subprocess.Popen, root: Path, number: int) -> None:
    """Until so many are executed, or the run has ended."""
    until = time.monotonic() + 60 * MINUTES
    while len(journal(root)) < number and run.poll() is None and time.monotonic() < until:
        time.sleep(0.02)


def a_worker(run: subprocess.Popen) -> int:
    """A process of the run that has a sandbox of its own."""
    sandboxes = [pid for pid in family(run.pid) if b"course_utils.grading.sandbox.server" in command_line(pid)]
    owners = Counter(parent_of(pid) for pid in sandboxes)
    return next(pid for pid in owners if b"multiprocessing" in command_line(pid))


@pytest.mark.parametrize(("size", "kills"), [(30, 1), pytest.param(300, 3, marks=pytest.mark.whole)])
def test_a_class_is_graded_whatever_is_killed(tmp_path, size, kills):
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    root = make_course(tmp_path)
    rng = random.Random(size)
    wanted = {}
    for number in range(size):
        student = f"s{number:03}"
        case = rng.choice(DRAWN) if number % 10 == 5 else None
        if case is None:
            hand_in(root, student, answered(root, **RIGHT))
        else:
            case.hand_in(Place(root, student, port=9))
        wanted[student] = (case.verdict, case.points) if case else (GRADED, 3)
    moments = sorted(rng.sample(range(1, size - 10), kills + 1))
    done: dict[str, dict] = {}
    with reaper():
        before = processes()
        for moment in moments[:-1]:
            run = start(root)
            wait_for(run, root, moment)
            time.sleep(rng.uniform(0, 0.2))
            assert run.poll() is None
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            assert not left_over(before)
            assert journal(root).items() >= done.items()  # what was done is not done again
            done = journal(root)
            assert len(done) < size
        run = start(root)
        wait_for(run, root, moments[-1])
        os.kill(a_worker(run), signal.SIGKILL)
        assert run.wait(60 * MINUTES) == 0
        assert not left_over(before)
    assert journal(root).items() >= done.items()
    results = json.loads((root / "results.json").read_text())
    assert {result["student"]: (result["verdict"], result["points"]) for result in results} == wanted
    the_gradebook_is_whole(root, {student: points for student, (_, points) in wanted.items()})
    for path in (root / "autograded").rglob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))


def the_gradebook_is_whole(root: Path, wanted: dict[str, float]) -> None:
    with sqlite3.connect(root / "gradebook.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        submissions = book.assignment_submissions(NAME)
        assert sorted(submission.student.id for submission in submissions) == sorted(wanted)
        for submission in submissions:
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            assert sorted(grade.name for grade in grades) == ["essay", "test_answer", "test_double"]
            scores = [grade.auto_score for grade in grades if grade.name != "essay"]
            assert sum(scores) == wanted[submission.student.id]
