"""Storing chapters and releasing assignments: what is refused, what is kept, and in which words."""

import csv
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils import authoring, cli

ROOT = Path(__file__).resolve().parents[1]
RAN = [new_output("stream", name="stdout", text="3\n")]


def chapter(*code, **metadata):
    cells = [new_markdown_cell("# Title"), *code]
    return new_notebook(
        cells=cells, metadata={"course": {"budget_s": 60}, "kernelspec": authoring.KERNELSPEC, **metadata}
    )


def code(source="print(1 + 2)", count=1, outputs=RAN, **metadata):
    return new_code_cell(source, execution_count=count, outputs=outputs, metadata=metadata)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """An empty checkout, with the working directory inside it."""
    (tmp_path / "_toc.yml").write_text("format: jb-book\n")
    for folder in ("book/part", "book/appendix", "solutions/perceptron"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "book")
    return tmp_path


def write(course, nb, name="lesson"):
    path = course / "book/part" / f"{name}.ipynb"
    nbformat.write(nb, path)
    return path


# ── What keeps a notebook from being stored ─────────────────────────────────────────────────────────────────


def test_a_notebook_as_it_should_be_has_no_problems(course):
    assert not list(authoring.problems(write(course, chapter(code(), code(count=2, outputs=[])))))


@pytest.mark.parametrize(
    ("nb", "words"),
    [
        (chapter(code(count=None, outputs=[])), "code cell 1 (print(1 + 2)) has not been run"),
        (chapter(code(count=2)), "was run as number 2: not top to bottom"),
        (chapter(code(), code(count=1)), "code cell 2 (print(1 + 2)) was run as number 1"),
        (chapter(code(outputs=[new_output("error", ename="ValueError", evalue="no")])), "ends in ValueError"),
        (chapter(code(outputs=[new_output("stream", name="stderr", text="W: slow\n")])), "writes to stderr: W: slow"),
        (chapter(code(execution={"iopub.execute_input": "2026"})), "metadata 'execution'"),
        (chapter(code(), widgets={}), "holds 'widgets'"),
        (chapter(code(), kernelspec={"name": "julia", "display_name": "Julia"}), "kernel is not python3"),
        (chapter(code(), course={}), "no running-time budget"),
        (chapter(code(outputs=[new_output("stream", text="x" * 1_100_000)])), "1.1 MB; the limit is 1 MB"),
        (
            chapter(code(outputs=[new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}})])),
            "stores a widget",
        ),
    ],
)
def test_a_problem_is_named_with_its_cell(course, nb, words):
    [found] = authoring.problems(write(course, nb))
    assert words in found


# ── Running and storing ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_chapter_is_run_stored_tidy_and_timed(course, capsys):
    path = write(course, chapter(code(count=7, outputs=[], scrolled=True), widgets={"state": {}}))
    assert cli.main(["notebooks", "lesson"]) == 0
    nb = nbformat.read(path, as_version=4)
    assert not list(authoring.problems(path))
    assert nb.cells[1].outputs[0].text == "3\n"
    assert nb.metadata.language_info == authoring.LANGUAGE
    with (course / authoring.RUNTIMES).open(newline="") as file:
        [row] = csv.DictReader(file)
    assert row["Notebook"] == "lesson"
    assert 0 < float(row["Measured (s)"]) < 60
    assert "lesson: stored" in capsys.readouterr().out


@pytest.mark.slow
def test_a_chapter_that_fails_stays_as_it_was_and_its_cell_is_shown(course, capsys):
    path = write(course, chapter(code("1 / 0")))
    before = path.read_bytes()
    assert cli.main(["notebooks"]) == 1
    assert path.read_bytes() == before
    message = capsys.readouterr().err
    assert "book/part/lesson.ipynb is left as it was" in message
    assert "ZeroDivisionError" in message


def test_the_times_of_other_chapters_are_kept(course):
    for name in ("one", "two"):
        write(course, chapter(code()), name)
    authoring.record_runtime(course, "two", 2.0)
    authoring.record_runtime(course, "one", 1.0)
    authoring.record_runtime(course, "two", 3.0)
    with (course / authoring.RUNTIMES).open(newline="") as file:
        assert [(row["Notebook"], row["Measured (s)"]) for row in csv.DictReader(file)] == [
            ("one", "1.0"),
            ("two", "3.0"),
        ]


# ── Names and places ────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_with_a_typo_gets_a_suggestion(course, capsys):
    nbformat.write(chapter(), course / "solutions/perceptron/perceptron.ipynb")
    assert cli.main(["exercises", "perceptorn"]) == 1
    assert capsys.readouterr().err == "Unknown assignment 'perceptorn'. Did you mean perceptron?\n"


def test_outside_a_checkout_it_says_where_to_go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["exercises"]) == 1
    assert "is not inside a checkout of the course: change into it" in capsys.readouterr().err


@pytest.mark.slow
def test_an_assignment_that_nbgrader_refuses_is_explained_and_the_old_release_stays(course, capsys):
    broken = chapter(new_code_cell("### BEGIN SOLUTION", metadata={"nbgrader": {"solution": True}}))
    nbformat.write(broken, course / "solutions/perceptron/perceptron.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    (course / "exercises/perceptron").mkdir(parents=True)
    (course / "exercises/perceptron/perceptron.ipynb").write_text("old")
    assert cli.main(["exercises", "perceptron"]) == 1
    assert "nbgrader could not release 'perceptron'" in capsys.readouterr().err
    assert (course / "exercises/perceptron/perceptron.ipynb").read_text() == "old"
