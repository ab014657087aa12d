"""The notebook that is run, whatever a submission has lost or holds."""

import time

import pytest

from course_utils.grading.sanitize import defined, sanitize
from tests.grading.classroom import RIGHT, answered, cell, instructor_notebook, released

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x):\n    y = 1\n    def g(): pass", {"f"}),
        ("async def f(): pass\n@decorated\nclass A(B):\n    pass", {"f", "A"}),
        ("x = 1\ny=[2]\nz == 3\nz.a = 4\nprint(k=5)", {"x", "y"}),
        ("def broken(:", {"broken"}),
    ],
)
def test_what_a_cell_defines(source, names):
    assert defined(cell("code", "c", source)) == names


def test_a_cell_that_takes_long_to_parse_takes_no_time_to_sanitize(course):
    submission = answered(course, **RIGHT)
    submission.cells.append(cell("code", "long", "a;" * 300_000))
    for each in submission.cells:
        each.metadata.clear()
        each.id = "lost"
    started = time.process_time()
    sanitize(instructor_notebook(), released(course), submission)
    assert time.process_time() - started < 2
