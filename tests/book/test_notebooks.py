"""The chapters as files: hygiene, what the regression tests compare, and the skeleton that every chapter has."""

import csv
import re
from pathlib import Path

import nbformat
import pytest

from course_utils import authoring

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = authoring.chapters(ROOT)
CHAPTERS = {name: path for name, path in NOTEBOOKS.items() if "appendix" not in path.parts}
IGNORED = "# NBVAL_IGNORE_OUTPUT"
GUARD = re.compile(r"\bassert\b|\bcheck_\w+\(")


def read(name):
    return nbformat.read(NOTEBOOKS[name], as_version=4)


def prose(name):
    return "\n\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")


def section(name, heading):
    """The text from a second-level heading to the next one."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", prose(name), flags=re.DOTALL | re.MULTILINE)
    assert found, f"the chapter has no section '## {heading}'"
    return found.group(1)


# ── Hygiene ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_is_stored_as_it_should_be(name):
    found = list(authoring.problems(NOTEBOOKS[name]))
    assert not found, f"run `make notebooks NAME={name}` and commit the result"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_most_outputs_are_compared_and_the_others_guarded(name, record_property):
    with_output = [cell for cell in read(name).cells if cell.cell_type == "code" and cell.outputs]
    ignored = [cell for cell in with_output if IGNORED in cell.source]
    record_property(f"outputs compared in {name}", f"{len(with_output) - len(ignored)} of {len(with_output)}")
    assert with_output
    assert len(ignored) <= 0.3 * len(with_output)
    for cell in ignored:
        assert GUARD.search(cell.source), f"not compared and not guarded by an assertion:\n{cell.source}"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_cell_escapes_the_comparison_by_another_door(name):
    for cell in read(name).cells:
        hidden = {"nbval-ignore-output", "nbval-skip", "raises-exception", "skip-execution"} & set(
            cell.metadata.get("tags", [])
        )
        assert not hidden
        assert "NBVAL_SKIP" not in cell.source
        assert "NBVAL_RAISES_EXCEPTION" not in cell.source


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_ran_within_its_budget(name):
    with (ROOT / authoring.RUNTIMES).open(newline="") as file:
        measured = {row["Notebook"]: row for row in csv.DictReader(file)}
    row = measured[name]
    assert int(row["Budget (s)"]) == read(name).metadata.course.budget_s
    assert float(row["Measured (s)"]) <= float(row["Budget (s)"])


# ── Skeleton ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_chapter_opens_with_a_promise_and_a_card(name):
    opening = read(name).cells[0].source
    assert re.match(r"# \S.*\n\n\S.+\.", opening), "a title and one sentence"
    assert re.search(r"\*\*You need\*\*", opening)
    assert re.search(r"\*\*Lectures?\*\* (A|B|C|D|E)", opening)
    learn = re.search(r"\*\*You will learn to\*\*\n((?:- .+\n)+)", opening)
    assert learn
    assert 3 <= learn.group(1).count("- ") <= 5


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_card_promises_no_more_speed_than_was_measured(name):
    promised = re.search(r"runs? in under (\d+) seconds", read(name).cells[0].source)
    assert promised
    with (ROOT / authoring.RUNTIMES).open(newline="") as file:
        [row] = [row for row in csv.DictReader(file) if row["Notebook"] == name]
    assert float(row["Measured (s)"]) < float(promised.group(1))


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_chapter_ends_as_every_chapter_does(name):
    headings = re.findall(r"^## (.+)$", prose(name), flags=re.MULTILINE)
    assert headings[-3:] == ["Check yourself", "In particle physics", "Key points"]
    assert 3 <= len(re.findall(r"^- ", section(name, "Key points"), flags=re.MULTILINE)) <= 5
    assert "**Further reading.**" in section(name, "Key points")
    assert "{cite" in section(name, "In particle physics")
    if name in authoring.assignments(ROOT):
        assert f"exercises/{name}/{name}.ipynb" in section(name, "Key points")


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_question_has_one_right_answer_and_a_reason_for_each(name):
    questions = re.split(r"^\*\*\d\.\*\* ", section(name, "Check yourself"), flags=re.MULTILINE)[1:]
    assert 2 <= len(questions) <= 4
    for question in questions:
        choices = re.findall(
            r'<details class="choice( right)?" name="(.+?)">(.*?)</details>', question, flags=re.DOTALL
        )
        assert len(choices) >= 3
        assert [right for right, _, _ in choices].count(" right") == 1
        assert len({group for _, group, _ in choices}) == 1
        for right, _, text in choices:
            reason = text.split("</summary>")[1].strip()
            assert reason.startswith("Right" if right else "No")
            assert len(reason) > 30


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_exercise_has_a_folded_solution(name):
    text = section(name, "Check yourself")
    exercises = re.findall(r"```\{exercise\} \S.*\n:label: (\S+)", text)
    folded = re.findall(r"```\{solution\} (\S+)\n:class: dropdown", text)
    assert exercises == folded
    assert 2 <= len(exercises) <= 3


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_cell_is_long(name):
    for cell in read(name).cells:
        if cell.cell_type == "code" and "hide-input" not in cell.metadata.get("tags", []):
            lines = [line for line in cell.source.splitlines() if line.strip() and not line.startswith("#")]
            assert len(lines) <= 16, cell.source
