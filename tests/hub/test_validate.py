"""What a student reads who validates: what was seen to pass, and that there is more."""

import nbformat
import pytest

from course_utils.hub.extension import reason
from course_utils.hub.validate import Failed, validate
from tests.test_handin import ANSWERS, FILE, GOOD, answered

pytestmark = pytest.mark.slow  # each starts a kernel


@pytest.fixture
def saved(tmp_path):
    def save(**answers):
        path = tmp_path / FILE
        nbformat.write(answered(**ANSWERS | answers), path)
        return path

    return save


def test_all_checks_pass_and_there_are_hidden_ones(saved):
    report = validate(saved())
    assert (report.summary, report.failed) == ("2 of 2 visible checks passed.", [])
    assert GOOD in report.notes
    assert report.notes[-1].endswith("1 of the 3 graded cells have hidden tests too, which run when it is graded.")


def test_a_wrong_answer_is_told_with_its_heading(saved):
    report = validate(saved(double="def double(x):\n    return x", answer='answer = "E"'))
    assert report.summary == "0 of 2 visible checks passed."
    assert report.failed == [
        Failed("1 · Twice as much (1 point)", "AssertionError: "),
        Failed("2 · Which one? (1 point)", "AssertionError: "),
    ]


def test_what_is_not_begun_is_told_as_such(saved):
    report = validate(saved(double="def double(x):\n    raise NotImplementedError()"))
    assert report.failed == [Failed("1 · Twice as much (1 point)", "Not filled in yet.")]


def test_a_line_on_stderr_fails_nothing(saved):
    warns = "import sys\ndef double(x):\n    print('careful', file=sys.stderr)\n    return 2 * x"
    assert validate(saved(double=warns)).failed == []


def test_an_endless_loop_costs_its_cell_alone(saved):
    report = validate(saved(double="def double(x):\n    while True:\n        pass"), cell_seconds=2)
    assert report.summary == "1 of 2 visible checks passed."
    assert [failed.said for failed in report.failed] == [
        "It ran longer than 2 s and was stopped. Is there a loop that never ends?"
    ]


def test_a_dead_kernel_is_told(saved):
    report = validate(saved(double="import os\nos._exit(1)"))
    assert report.summary.startswith("The notebook did not run to its end: Kernel died")
    assert report.failed == []


def test_a_check_that_is_all_hidden_is_not_counted(saved):
    path = saved()
    path.write_text(path.read_text().replace("assert answer in ('A', 'B')", "# hidden tests are here"))
    assert validate(path).summary == "1 of 1 visible checks passed."


def test_what_is_no_notebook_is_told(tmp_path):
    (tmp_path / FILE).write_text("text")
    assert validate(tmp_path / FILE).summary.startswith("toy.ipynb is not a notebook")


def test_a_student_reads_the_reason_and_no_traceback():
    traceback = "Traceback (most recent call last):\n  File …\nnbgrader.exchange.ExchangeError: it is empty.\n"
    assert reason(traceback) == "it is empty."
    assert reason("KeyError: 'unknown'\n") == "KeyError: 'unknown'"
