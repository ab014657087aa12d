"""Marks as a learning platform imports them."""

import csv

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.exportapp import ExportApp
from traitlets.config import Config

from course_utils.grading.course import Course
from course_utils.grading.export import LinePerStudent

pytestmark = pytest.mark.slow


@pytest.fixture
def book(tmp_path):
    """Two assignments, three students: one with all points, one late and not yet marked by hand, one with nothing."""
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db", "course") as book:
        for name in ("first", "second"):
            book.add_assignment(name)
            book.add_notebook("nb", name)
            book.add_grade_cell("test", "nb", name, max_score=4, cell_type="code")
            book.add_grade_cell("essay", "nb", name, max_score=2, cell_type="markdown")
        book.add_student("ann", first_name="Ann", last_name='Adams, "A."', email="ann@example.org")
        book.add_student("bob", first_name="=1+1", last_name="Brown")
        book.add_student("cem", first_name="Cem", last_name="Celik")
        mark(book, "first", "ann", test=4, essay=1.5)
        mark(book, "first", "bob", test=3, essay=2, penalty=1)
        mark(book, "second", "ann", test=0, essay=1, penalty=3)
        mark(book, "second", "bob", test=3, essay=None)
        yield book


def mark(book, assignment, student, test, essay, penalty=0):
    book.add_submission(assignment, student)
    for name, score in (("test", test), ("essay", essay)):
        grade = book.find_grade(name, "nb", assignment, student)
        grade.auto_score, grade.needs_manual_grade = score, score is None
    book.find_submission_notebook("nb", assignment, student).late_submission_penalty = penalty
    book.db.commit()


def exported(book, to, **options):
    LinePerStudent(config=Config(LinePerStudent={"to": str(to), **options})).export(book)
    with to.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_line_per_student_and_a_column_per_assignment(book, tmp_path):
    assert exported(book, tmp_path / "marks.csv") == [
        ["id", "last_name", "first_name", "email", "first (of 6)", "second (of 6)"],
        ["ann", 'Adams, "A."', "Ann", "ann@example.org", "5.5", "0"],
        ["bob", "Brown", "'=1+1", "", "4", ""],
        ["cem", "Celik", "Cem", "", "", ""],
    ]


def test_who_and_what_is_asked_for_and_what_stands_for_nothing(book, tmp_path):
    options = {"assignment": ["first"], "student": ["cem", "bob"], "missing": "0"}
    assert [row[0] + row[-1] for row in exported(book, tmp_path / "marks.csv", **options)] == [
        "idfirst (of 6)",
        "bob4",
        "cem0",
    ]


def test_the_course_uses_it(course):
    assert ExportApp(config=Course(course).config).plugin_class is LinePerStudent
