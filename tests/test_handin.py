"""What a student reads before handing in, in each situation."""

import copy
import os
import re
import subprocess
import sys

import nbformat
import pytest

from course_utils.grading.check import write_outline
from course_utils.handin import check_notebook
from tests.grading.classroom import NAME, cell

FILE = f"{NAME}.ipynb"
TEST = {"grade": True, "locked": True, "points": 1}
RELEASE = nbformat.v4.new_notebook(
    cells=[
        nbformat.v4.new_markdown_cell("# Assignment: toy"),
        cell("code", "setup", "import numpy as np", locked=True),
        nbformat.v4.new_markdown_cell("## 1 · Twice as much (1 point)\n\nWrite `double`."),
        cell("code", "double", "def double(x):\n    raise NotImplementedError()", solution=True),
        cell("code", "test_double", "assert double(1) == 2", **TEST),
        nbformat.v4.new_markdown_cell("## 2 · Which one? (1 point)"),
        cell("code", "answer", 'answer = "..."', solution=True),
        cell("code", "test_answer", "assert answer in ('A', 'B')", **TEST),
        nbformat.v4.new_markdown_cell("## 3 · In your words (1 point, graded by hand)"),
        cell("markdown", "essay", "YOUR ANSWER HERE", grade=True, solution=True, points=1),
        cell("code", "hand_in", f'check_notebook("{NAME}")', locked=True),
    ]
)
write_outline(RELEASE, NAME, hidden=["test_answer"])
ANSWERS = {"double": "def double(x):\n    return 2 * x", "answer": 'answer = "B"', "essay": "Because of symmetry."}
GOOD = f"{FILE} can be handed in: all 3 graded cells are there, 3 of 3 answers are filled in."


def answered(**answers):
    """The release with the answers filled in; it lies as a student's Jupyter leaves it, with metadata of its own."""
    notebook = copy.deepcopy(RELEASE)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    for each in notebook.cells:
        each.source = (ANSWERS | answers).get(each.id, each.source)
    return notebook


def without(notebook, name):
    notebook.cells = [each for each in notebook.cells if each.id != name]
    return notebook


@pytest.fixture
def look(tmp_path, monkeypatch, capsys):
    """Save notebooks by their file names in a working folder, the last one last, and give the lines of the check."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)

    def look(**files):
        for second, (name, content) in enumerate(files.items()):
            path = tmp_path / f"{name}.ipynb"
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                nbformat.write(content, path)
            os.utime(path, (1e9 + second, 1e9 + second))
        check_notebook(NAME)
        return capsys.readouterr().out.splitlines()

    return look


def test_a_whole_notebook_can_be_handed_in(look):
    when, said, hidden = look(toy=answered())
    assert re.fullmatch(rf"{FILE} was saved on 2001-09-\d\d at \d\d:\d\d. If .*, save it first and run .*", when)
    assert said == GOOD
    assert "1 of the 3 graded cells have hidden tests too, which run when it is graded" in hidden


def test_what_was_saved_today_is_told_by_the_clock(look, tmp_path):
    look(toy=answered())
    (tmp_path / FILE).touch()
    assert re.match(rf"{FILE} was saved today at \d\d:\d\d\.", look()[0])


def test_empty_answers_are_named_and_are_no_error(look):
    _, answer, essay, said, _ = look(toy=answered(answer=' \nanswer = "..."\n', essay="YOUR ANSWER HERE"))
    assert answer == "- not filled in yet: answer (2 · Which one? (1 point))"
    assert essay == "- not filled in yet: essay (3 · In your words (1 point, graded by hand))"
    assert said == GOOD.replace("3 of 3 answers", "1 of 3 answers")


def test_the_untouched_release_has_no_answer(look):
    said = look(toy=RELEASE)[-2]
    assert "0 of 3 answers are filled in" in said


DAMAGES = {
    "a changed test": (lambda nb: nb.cells[4].update(source="pass"), "the cell 'test_double' was changed"),
    "a changed setup": (lambda nb: nb.cells[1].update(source="np = None"), "the cell 'setup' was changed"),
    "a second copy": (
        lambda nb: nb.cells.append(nbformat.from_dict(nb.cells[3] | {"id": "pasted"})),
        "the cell 'double' is there 2 times",
    ),
    "an essay turned to code": (lambda nb: nb.cells[9].update(cell_type="raw"), "'essay' is no markdown cell any"),
    "marks lost": (lambda nb: nb.cells[4].metadata.nbgrader.update(grade=False), "'test_double' has lost its marks"),
    "a cell from elsewhere": (lambda nb: nb.cells.append(cell("code", "x", "")), "'x' is not of this assignment"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_with_what_to_do(look, damage):
    how, words = DAMAGES[damage]
    notebook = answered()
    how(notebook)
    _, remark, said, _ = look(toy=notebook)
    assert words in remark
    assert said == GOOD.replace("in: all", "in once you have seen to the lines above: all")


def test_missing_cells_are_counted(look):
    _, *remarks, said, _ = look(toy=without(without(answered(), "double"), "test_answer"))
    assert remarks == [
        "- the cell 'double', your answer, is missing: take it from the release again",
        "- the cell 'test_answer', a cell of the assignment, is missing: take it from the release again",
    ]
    assert "2 of 3 graded cells are there, 2 of 3 answers are filled in" in said


@pytest.mark.parametrize("name", ["toy (1)", "toy-Copy1", "mine"])
def test_a_copy_that_was_saved_later_is_told(look, name):
    _, remark, said, _ = look(**{"toy": answered(), name: answered()})
    assert f"{name}.ipynb was saved later, on 2001-09" in remark
    assert f"delete {FILE} and give its name to the other" in remark
    assert said == GOOD


def test_an_older_copy_is_told_and_other_notebooks_are_not(look):
    other = answered()
    other.metadata.course.assignment = "another"
    lines = look(
        **{"toy-Copy1": answered(), "toy_model": other, "scratch": nbformat.v4.new_notebook(), "toy": answered()}
    )
    assert [line[:44] for line in lines if line.startswith("-")] == ["- toy-Copy1.ipynb is another copy, saved on "]


def test_a_missing_file(look):
    assert look() == look(scratch=nbformat.v4.new_notebook(), broken=b"{")
    assert "There is no toy.ipynb in the folder that this notebook runs in." in look()


@pytest.mark.parametrize("content", [answered(), b""])
def test_a_renamed_file(look, content):
    _, remedy = look(**{"toy (1)": content})
    assert remedy.startswith("But there is toy (1).ipynb: give the one to hand in the name toy.ipynb")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'<<<<<<< HEAD\n{"cells": []}', b'{"nbformat": 3, "worksheets": []}'],
)
def test_a_file_that_is_no_notebook(look, content):
    [said] = look(toy=content)
    assert said.startswith(f"{FILE} cannot be handed in like this: {FILE} ")


def test_a_link_is_not_followed(look, tmp_path):
    nbformat.write(answered(), tmp_path / "elsewhere")
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    assert "hand in the file itself" in look()[0]


def test_another_assignment_under_this_name(look):
    notebook = answered()
    notebook.metadata.course.assignment = "another"
    assert look(toy=notebook) == [f"{FILE} cannot be handed in: it holds another assignment, another."]


@pytest.mark.parametrize(
    "course",
    [
        None,
        [],
        {},
        {"budget_s": 60},
        {"assignment": NAME, "cells": [{"name": "double"}]},
        {"assignment": NAME, "cells": 5},
    ],
)
def test_without_an_outline_nothing_is_compared(look, course):
    """As the instructor's notebook, or one that another program has stored."""
    notebook = answered()
    notebook.metadata["course"] = course
    lines = look(toy=notebook)
    assert lines == look(toy=b'{"nbformat": 4, "cells": []}')
    assert lines[0] == f"{FILE} has no outline of its release, so there is nothing to compare it with."
    assert len(lines) == 2


def test_nothing_is_checked_while_it_is_graded(look, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert look(toy=b"") == look() == ["This notebook has been handed in: there is nothing to check here."]
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert look(toy=answered())[1] == GOOD


def test_it_is_quick(tmp_path, record_property):
    nbformat.write(answered(), tmp_path / FILE)
    code = (
        "import time; started = time.perf_counter(); from course_utils.handin import check_notebook; "
        f"check_notebook({NAME!r}); print(time.perf_counter() - started)"
    )
    environment = {key: value for key, value in os.environ.items() if key != "NBGRADER_EXECUTION"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    seconds = float(run.stdout.splitlines()[-1])
    record_property("check before handing in", f"{seconds:.2f} s")
    assert GOOD in run.stdout
    assert seconds < 5
