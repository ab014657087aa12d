"""What students are told before they hand in, and what cannot be graded."""

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest

from course_utils.grading.check import (
    LARGEST_NOTEBOOK,
    UnreadableError,
    check,
    compare,
    outline,
    read_files,
    read_notebook,
    read_outline,
)
from course_utils.grading.course import Course, CourseError
from course_utils.grading.sanitize import sanitize
from tests.grading.classroom import NAME, RIGHT, answered, cell, instructor_notebook, released

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"{", "is not a notebook"),
        (b"\xff\xfe\x00", "is not a notebook"),
        (b"[" * 100_000, "is not a notebook"),
        (b"[]", "has notebook format None"),
        (b'{"nbformat": 3, "worksheets": []}', "has notebook format 3"),
        (b'{"nbformat": 5, "cells": []}', "has notebook format 5"),
        (b'{"nbformat": 4, "cells": {}}', "has notebook format 4"),
        (b'{"nbformat": 4, "cells": [1]}', "cells that are none"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]}', "cells that are none"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "x", "source": ""}]}', "cells that are none"),
        (b" " * (LARGEST_NOTEBOOK + 1), "is larger than"),
        (json.dumps({"nbformat": 4, "cells": [{"cell_type": "raw", "source": ""}] * 1001}).encode(), "more than 1000"),
    ],
)
def test_what_is_no_notebook_is_refused_with_the_next_step(tmp_path, content, words):
    path = tmp_path / "toy.ipynb"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=words) as refused:
        read_notebook(path)
    assert any(step in str(refused.value) for step in ("open it", "save", "delete", "clear"))


def test_what_lies_too_deep_or_has_a_name_that_is_no_text_is_left_out(tmp_path):
    deep = tmp_path.joinpath(*"abcdefghijkl")
    deep.mkdir(parents=True)
    (deep / "too deep.txt").touch()
    (deep.parents[3] / "deep.txt").touch()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).touch()
    assert list(read_files(tmp_path, "toy.ipynb")) == ["a/b/c/d/e/f/g/h/deep.txt"]


def test_links_and_pipes_are_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("{}")
    folder = tmp_path / "handed in"
    folder.mkdir()
    (folder / "toy.ipynb").symlink_to(secret)
    (folder / "data").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    (folder / "helper.py").write_text("x = 1")
    (folder / "timestamp.txt").write_text("1999-01-01")
    with pytest.raises(UnreadableError, match="is a link"):
        read_notebook(folder / "toy.ipynb")
    assert read_files(folder, "toy.ipynb") == {"helper.py": b"x = 1"}
    (folder / "other.ipynb").unlink(missing_ok=True)
    with pytest.raises(UnreadableError, match="not an ordinary file"):
        read_notebook(folder / "pipe")


def test_a_good_file_can_be_handed_in(course, tmp_path):
    path = tmp_path / f"{NAME}.ipynb"
    nbformat.write(answered(course, **RIGHT), path)
    assert not check(path, course / "exercises" / NAME / f"{NAME}.ipynb")
    [finding] = check(path.rename(tmp_path / "toy (1).ipynb"), course / "exercises" / NAME / f"{NAME}.ipynb")
    assert "must be called toy.ipynb" in str(finding)


def test_the_release_carries_its_outline_and_the_same_comparison_works_on_it(course):
    carried = read_outline(released(course))
    assert carried == (NAME, outline(released(course), hidden=["test_double", "test_answer"]))
    kinds = {name: cell.kind for name, cell in carried.cells.items()}
    assert kinds == {
        "setup": "read-only",
        "double": "answer",
        "test_double": "test",
        "answer": "answer",
        "test_answer": "test",
        "essay": "essay",
    }
    assert not compare(carried.cells, answered(course, **RIGHT))
    for how, _ in DAMAGES.values():
        submission = damaged(course, how)
        assert compare(carried.cells, submission) == compare(outline(released(course)), submission)
    assert read_outline(instructor_notebook()) is None


def damaged(course, how):
    nb = answered(course, **RIGHT)
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in nb.cells}
    how(nb, cells)
    return nb


DAMAGES = {
    "test deleted": (lambda nb, c: nb.cells.remove(c["test_double"]), "a cell of the assignment, is missing"),
    "test edited": (lambda nb, c: c["test_double"].update(source="pass"), "was changed"),
    "test doubled": (lambda nb, c: nb.cells.append(c["test_double"]), "is there 2 times"),
    "points changed": (lambda nb, c: c["test_double"].metadata.nbgrader.update(points=100), None),
    "marks changed": (lambda nb, c: c["test_double"].metadata.nbgrader.update(grade=False), "lost its marks"),
    "turned to text": (lambda nb, c: c["test_double"].update(cell_type="markdown"), "is no code cell"),
    "tagged to be skipped": (lambda nb, c: c["test_double"].metadata.update(tags=["skip-execution"]), None),
    "metadata of an answer lost": (lambda nb, c: c["double"].metadata.pop("nbgrader"), "your answer, is missing"),
    "metadata and id lost": (
        lambda nb, c: (c["double"].metadata.pop("nbgrader"), c["double"].update(id="pasted")),
        "your answer, is missing",
    ),
    "metadata of a test lost": (lambda nb, c: c["test_double"].metadata.pop("nbgrader"), "is missing"),
    "renamed": (lambda nb, c: c["test_double"].metadata.nbgrader.update(grade_id="mine"), "is not of this assignment"),
    "outline forged": (lambda nb, c: nb.metadata.course.update(assignment="mine", cells=[]), None),
    "another kernel": (lambda nb, c: nb.metadata.kernelspec.update(name="evil"), None),
    "order turned": (lambda nb, c: nb.cells.reverse(), None),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_repaired_and_told(course, damage):
    how, words = DAMAGES[damage]
    submission = damaged(course, how)
    findings = compare(outline(released(course)), submission)
    assert (words is None) == (not findings)
    assert words is None or any(words in finding.message for finding in findings)
    cleaned = sanitize(instructor_notebook(), released(course), submission)
    ours = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cleaned.notebook.cells]
    named = [name for name in ours if name]
    assert named == ["setup", "double", "test_double", "answer", "test_answer", "essay"]
    by_name = {cell.metadata.nbgrader.grade_id: cell for cell in cleaned.notebook.cells if "nbgrader" in cell.metadata}
    assert by_name["double"].source == RIGHT["double"]
    assert "hidden" in by_name["test_double"].source
    assert by_name["test_double"].metadata.nbgrader.points == 2
    assert "tags" not in by_name["test_double"].metadata
    assert cleaned.notebook.metadata.kernelspec.name == "python3"


def test_what_a_student_adds_stays_where_it_stood(course):
    nb = answered(course, **RIGHT)
    nb.cells.insert(2, nbformat.v4.new_code_cell("helper = 1"))
    nb.cells.append(nbformat.v4.new_markdown_cell("A note."))
    nb.cells.append(nbformat.v4.new_code_cell("last = 1"))
    nb.cells.append(nbformat.v4.new_raw_cell("raw"))
    cleaned = sanitize(instructor_notebook(), released(course), nb)
    sources = [cell.source for cell in cleaned.code()]
    assert sources.index("helper = 1") == 1
    assert [cell.source for cell in cleaned.notebook.cells][-2:] == ["A note.", "last = 1"]
    assert len(cleaned.notebook.cells) == len(instructor_notebook().cells) + 3


def test_a_picture_pasted_into_an_answer_is_kept_and_nothing_else(course):
    nb = answered(course, **RIGHT)
    pasted = {"a.png": {"image/png": "AAAA", "text/html": "<script>"}, "b.svg": {"image/svg+xml": "<svg/>"}, "c": 1}
    [essay] = [cell for cell in nb.cells if cell.get("id") == "essay"]
    essay.attachments = pasted
    cleaned = sanitize(instructor_notebook(), released(course), nb)
    assert cleaned.notebook.cells[-1].attachments == {"a.png": {"image/png": "AAAA"}}


def test_a_release_that_is_out_of_step_is_refused(course, tmp_path):
    root = shutil.copytree(course, tmp_path / "course")
    source = root / "solutions" / NAME / f"{NAME}.ipynb"
    nb = nbformat.read(source, as_version=4)
    nb.cells.append(cell("code", "new", "answer_2 = ...", solution=True))
    nbformat.write(nb, source)
    with pytest.raises(CourseError, match="make exercises NAME=toy"):
        Course(root).assignment(NAME)
