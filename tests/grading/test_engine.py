"""A class graded: verdicts, points, the gradebook; and what is left when the run is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from course_utils import cli
from course_utils.grading import engine, record, report
from course_utils.grading.course import Course
from course_utils.grading.engine import grade
from course_utils.grading.sandbox.confine import Limits
from course_utils.grading.verdict import GRADED, HUMAN, ZERO
from tests.grading.classroom import (
    NAME,
    RIGHT,
    SCORING,
    answered,
    hand_in,
    released,
    score_outside,
    with_test,
)
from tests.grading.conftest import SHORT

pytestmark = pytest.mark.slow


def run(root, **options):
    return {result.student: result for result in grade(NAME, Course(root), workers=1, limits=SHORT, **options)}


def scores(root, student):
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        notebook = book.find_submission_notebook(NAME, NAME, student)
        return {g.name: (g.auto_score, g.needs_manual_grade) for g in notebook.grades}


def test_every_submission_gets_a_verdict(root):
    hand_in(root, "good", answered(root, **RIGHT))
    hand_in(root, "half", answered(root, **RIGHT | {"double": "def double(x):\n    return 2"}))
    hand_in(root, "untouched", released(root))
    hand_in(root, "loops", answered(root, double="while True: pass", answer="while True: pass"))
    hand_in(
        root,
        "cheats",
        answered(root, **RIGHT | {"answer": "import course_utils.checks as c\nc.check_close = print\nanswer = 'A'"}),
    )
    hand_in(root, "broken", b"{")
    hand_in(root, "renamed", answered(root, **RIGHT), name="toy (1).ipynb")
    results = run(root)
    verdicts = {student: (result.verdict, result.points) for student, result in results.items()}
    assert verdicts == {
        "good": (GRADED, 3),
        "half": (GRADED, 1),
        "untouched": (GRADED, 0),
        "loops": (ZERO, 0),
        "cheats": (HUMAN, 2),
        "broken": (HUMAN, 0),
        "renamed": (HUMAN, 0),
    }
    assert results["loops"].reason == "2 × Timeout"
    assert "check_close was replaced" in results["cheats"].reason
    assert "open it in Jupyter" in results["broken"].reason
    assert "there is no file toy.ipynb" in results["renamed"].reason
    assert scores(root, "good") == {"test_double": (2, False), "test_answer": (1, False), "essay": (None, True)}
    assert scores(root, "half") == {"test_double": (0, False), "test_answer": (1, False), "essay": (None, True)}
    assert scores(root, "untouched")["essay"] == (0, False)
    assert scores(root, "cheats")["test_double"] == (2, True)
    assert scores(root, "broken")["test_double"] == (0, True)
    assert report.exit_code(list(results.values())) == 3
    feedback = nbformat.read(root / "autograded" / "half" / NAME / f"{NAME}.ipynb", as_version=4)
    [failed] = [
        output for cell in feedback.cells for output in cell.get("outputs", []) if output.output_type == "error"
    ]
    assert "expected a = 2" in failed.evalue or "hidden" in failed.evalue


def test_what_is_graded_is_not_run_again_and_what_is_new_is(root, monkeypatch):
    ran = []
    real = engine.run
    monkeypatch.setattr(engine, "run", lambda job: ran.append(job["student"]) or real(job))
    hand_in(root, "ann", answered(root, **RIGHT))
    hand_in(root, "bob", answered(root, **RIGHT))
    first = run(root)
    assert run(root) == first
    hand_in(root, "bob", answered(root, **RIGHT | {"answer": "answer = 'A'"}))
    assert run(root)["bob"].points == 2
    assert ran == ["ann", "bob", "bob"]
    assert scores(root, "bob")["test_answer"] == (0, False)
    run(root, again=True)
    assert ran == ["ann", "bob", "bob", "ann", "bob"]


def test_a_run_that_is_killed_goes_on_where_it_was(root):
    students = [f"s{k}" for k in range(6)]
    for student in students:
        hand_in(root, student, answered(root, **RIGHT | {"answer": "import time\ntime.sleep(1)\nanswer = 'B'"}))
    program = (
        "from pathlib import Path\nfrom course_utils.grading.course import Course\n"
        f"from course_utils.grading.engine import grade\ngrade({NAME!r}, Course(Path('.')), workers=1)"
    )
    journal = root / ".grading" / NAME
    for wanted in (1, 3):
        process = subprocess.Popen([sys.executable, "-c", program], cwd=root, start_new_session=True)
        until = time.monotonic() + 120
        while len(list(journal.glob("s*.json"))) < wanted and time.monotonic() < until:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    before = {path.name: json.loads(path.read_text())["execution"]["seconds"] for path in journal.glob("s*.json")}
    assert 3 <= len(before) < 6
    results = run(root)
    assert {student: (result.verdict, result.points) for student, result in results.items()} == dict.fromkeys(
        students, (GRADED, 3)
    )
    after = {path.name: json.loads(path.read_text())["execution"]["seconds"] for path in journal.glob("s*.json")}
    assert after.items() >= before.items()  # what was done was not done again
    assert all(scores(root, student)["test_double"] == (2, False) for student in students)


def test_what_a_killed_run_has_left_half_written_is_removed(root):
    half = root / "autograded" / "ann" / ".new-abc" / NAME
    half.mkdir(parents=True)
    hand_in(root, "ann", answered(root, **RIGHT))
    run(root)
    assert [path.name for path in (root / "autograded" / "ann").iterdir()] == [NAME]


def test_two_workers_give_what_one_gives(root):
    for k in range(3):
        hand_in(root, f"s{k}", answered(root, **RIGHT))
    results = grade(NAME, Course(root), workers=2, limits=SHORT)
    assert [(result.student, result.verdict, result.points) for result in results] == [
        (f"s{k}", GRADED, 3) for k in range(3)
    ]


def test_a_worker_that_fails_stops_nobody(root, monkeypatch):
    real = engine.run

    def sometimes(job):
        if job["student"] == "bad luck":
            raise RuntimeError("the worker caught fire")
        return real(job)

    monkeypatch.setattr(engine, "run", sometimes)
    hand_in(root, "bad luck", answered(root, **RIGHT))
    hand_in(root, "good", answered(root, **RIGHT))
    results = run(root)
    assert results["good"].verdict == GRADED
    assert results["bad luck"].verdict == HUMAN
    assert "run the same command again" in results["bad luck"].reason
    monkeypatch.undo()
    assert run(root)["bad luck"].points == 3


@pytest.mark.parametrize(
    ("double", "points"),
    [
        ("def double(x):\n    return 2 * x", 3),
        ("def double(x):\n    return 2 * x if x < 2 else 0", 2),
        ("def double(x):\n    get_ipython().displayhook(2)\n    return 2 * x if x < 2 else 0", 2),
        ("def double(x):\n    return 1 / x", 1),
    ],
)
def test_a_test_that_ends_in_a_number_gives_so_many_points(root, double, points):
    with_test(root, "right = sum(double(k) == 2 * k for k in range(4))\nright / 2")
    hand_in(root, "ann", answered(root, **RIGHT | {"double": double}))
    assert run(root)["ann"].points == points


def test_a_number_that_the_students_code_shows_gives_none(root):
    shows = "def double(x):\n    get_ipython().displayhook(100)\n    return 2 * x"
    hand_in(root, "ann", answered(root, **RIGHT | {"double": shows}))
    assert run(root)["ann"].points == 3


@pytest.mark.parametrize(
    ("double", "points"),
    [
        ("def double(x):\n    return 2 * x", 3),
        ("def double(x):\n    return 2 if x == 1 else 0", 1),
        ("import course_utils.handover as h\nh.hand_over = print\ndef double(x): return 2 * x", 1),
        ("import course_utils.handover as h\nh.receiver({'x': 'all points'})\ndef double(x): return 3", 1),
    ],
)
def test_what_is_handed_over_is_scored_outside(root, double, points):
    score_outside(root)
    hand_in(root, "ann", answered(root, **RIGHT | {"double": double}))
    result = run(root)["ann"]
    assert (result.verdict, result.points) == (GRADED, points)
    text = (root / "autograded" / "ann" / NAME / f"{NAME}.ipynb").read_text()
    assert ("the secret answer was not met" in text) == ("if x == 1" in double)


def test_the_scorer_is_not_to_be_seen_where_the_students_code_runs(root):
    (root / "solutions" / NAME / "scoring.py").write_text(SCORING)
    (root / "solutions" / NAME / "table.txt").write_text("for all")
    listing = "import glob\nprint(glob.glob('**', recursive=True))\nanswer = 'B'"
    hand_in(root, "ann", answered(root, **RIGHT | {"answer": listing}))
    assert run(root)["ann"].points == 1  # nothing was handed over for test_double
    text = (root / "autograded" / "ann" / NAME / f"{NAME}.ipynb").read_text()
    assert "['table.txt']" in text


def test_the_command_prints_a_table_and_writes_it(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    hand_in(root, "ann", answered(root, **RIGHT))
    assert cli.main(["grade", NAME, "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert "ann      graded   3/4" in said
    assert "1 graded" in said
    assert (root / ".grading" / f"{NAME}.csv").read_text().splitlines()[1].startswith("ann,graded,3,4,")


def test_the_command_checks_a_file_before_it_is_handed_in(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    path = hand_in(root, "ann", answered(root, **RIGHT | {"test_double": "pass"}))
    assert cli.main(["grade", NAME, "--check", str(path)]) == 0
    assert "'test_double' was changed" in capsys.readouterr().out
    path.write_text("{")
    assert cli.main(["grade", NAME, "--check", str(path)]) == 1
    assert "is not a notebook" in capsys.readouterr().out


def test_without_bubblewrap_it_refuses_and_says_what_to_install(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", "/nowhere")
    assert cli.main(["grade", NAME]) == 1
    assert "apt install bubblewrap" in capsys.readouterr().err


def test_running_without_a_sandbox_must_be_spelled_out_and_is_told(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    nosy = f"import os\nopen('mine', 'w').write('x')\nassert os.path.exists({str(root)!r})\nanswer = 'B'"
    hand_in(root, "ann", answered(root, **RIGHT | {"answer": nosy}))
    with pytest.raises(SystemExit):
        cli.main(["grade", NAME, "--unsafe"])
    assert cli.main(["grade", NAME, "--workers", "1", "--unsafe-no-sandbox"]) == 0
    assert "with all your rights" in capsys.readouterr().err
    assert not list(root.rglob("mine"))
    result = run(root)["ann"]
    assert (result.points, result.sandboxed) == (3, False)
    result = run(root, again=True)["ann"]
    assert (result.points, result.sandboxed) == (2, True)  # from in there the course's folder is not to be seen


@pytest.mark.parametrize("workers", [1, 2])
def test_who_watches_sees_how_far_each_submission_is(root, monkeypatch, workers):
    seen = []
    monkeypatch.setattr("course_utils.workers.Progress.state", lambda self, *state: seen.append(state))
    for student in ("ann", "bob"):
        hand_in(root, student, answered(root, **RIGHT))
    grade(NAME, Course(root), workers=workers, limits=SHORT)
    assert {("ann", "1/5"), ("ann", "5/5"), ("ann", ""), ("bob", "3/5")} <= set(seen)


def test_the_configuration_sets_limits(root):
    with (root / "nbgrader_config.py").open("a") as file:
        file.write("c.Limits.cell_seconds = 2\n")
    assert Course(root).limits == replace(Limits(), cell_seconds=2)
    hand_in(root, "ann", answered(root, **RIGHT | {"answer": "import time\ntime.sleep(8)\nanswer = 'B'"}))
    [result] = grade(NAME, Course(root), workers=1)
    assert (result.points, result.reason) == (2, "1 × Timeout")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("c.Limits.cell_second = 2", "Did you mean cell_seconds?"),
        ("c.Limits.memory = '2 GB'", "expected a number above 0"),
        ("c.Limits.memory = 0", "expected a number above 0"),
    ],
)
def test_limits_that_are_none_are_refused(root, monkeypatch, capsys, line, words):
    monkeypatch.chdir(root)
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(f"{line}\n")
    hand_in(root, "ann", answered(root, **RIGHT))
    assert cli.main(["grade", NAME]) == 1
    assert words in capsys.readouterr().err


def test_an_unknown_assignment_is_named(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    assert cli.main(["grade", "toi"]) == 1
    assert "Did you mean toy?" in capsys.readouterr().err


def test_a_full_disk_costs_no_student_anything(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    hand_in(root, "ann", answered(root, **RIGHT))

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(record, "store", full)
        assert cli.main(["grade", NAME, "--workers", "1"]) == 1
    assert "No space left on device\nWhat is graded is kept" in capsys.readouterr().err
    assert run(root)["ann"].points == 3


def test_a_table_is_no_spreadsheet_formula():
    assert report.harmless("=HYPERLINK(1)\nx") == "'=HYPERLINK(1) x"


def test_no_submission_stops_the_class(root, monkeypatch):
    half = RIGHT["double"] + "  # \ud800"
    hand_in(root, "half a letter", json.dumps(answered(root, **RIGHT | {"double": half})).encode())
    sent = {"output": {"output_type": "stream", "name": "stdout", "text": "\ud800"}}
    sends = f"import sys\nsys.stdout.outlet.wire.send({sent!a})\n" + RIGHT["double"]
    hand_in(root, "half a letter shown", answered(root, **RIGHT | {"double": sends}))
    named = hand_in(root, "a name that is no text", answered(root, **RIGHT)).parent
    Path(os.fsdecode(os.fsencode(named) + b"/\xff.py")).touch()
    hand_in(root, "unwritable", answered(root, **RIGHT))
    store = record.store
    monkeypatch.setattr(
        record, "store", lambda nb, to, *more: store(None if "unwritable" in to.parts else nb, to, *more)
    )
    hand_in(root, "zoe", answered(root, **RIGHT))
    for _ in range(2):
        results = run(root)
        assert results.pop("unwritable").verdict == HUMAN
        assert len(results) == 4
        assert {(result.verdict, result.points) for result in results.values()} == {(GRADED, 3)}
    assert scores(root, "unwritable")["test_double"] == (0, True)
