"""Graders are graded: the reference, the untouched release, and the wrong answers of tests/wrong_answers/."""

import ast
import copy
import filecmp
import tomllib
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from course_utils import authoring
from course_utils.grading.check import compare, grade_id, marks, outline, read_outline
from tests.assignments.grading import ROOT, Graded, grade

ASSIGNMENTS = authoring.assignments(ROOT)
MOST_POINTS = 20


def wrong_answers(name: str) -> dict[str, dict]:
    """The wrong answers to an assignment by file name: what their TOML docstring says, and their `source`."""
    found = {}
    for path in sorted((ROOT / "tests/wrong_answers" / name).glob("*.py")):
        source = path.read_text()
        expected = tomllib.loads(ast.get_docstring(ast.parse(source)))
        found[path.stem] = expected | {"source": source.split('"""', 2)[2].strip()}
    return found


def with_cell(nb: nbformat.NotebookNode, grade_id: str, source: str) -> nbformat.NotebookNode:
    changed = copy.deepcopy(nb)
    [cell] = [c for c in changed.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    cell.source = source
    return changed


def lots(answers: dict[str, dict]) -> list[list[str]]:
    """The answers in lots that can be handed in together: no two in one cell, and no two that lose the same."""
    found: list[list[str]] = []
    for student, answer in answers.items():
        taken = {answer["cell"], *answer["loses"]}
        free = (lot for lot in found if not any(taken & {answers[s]["cell"], *answers[s]["loses"]} for s in lot))
        lot = next(free, None)
        if lot is None:
            found.append(lot := [])
        lot.append(student)
    return found


class Outcome(NamedTuple):
    """What became of a wrong answer."""

    lost: dict[str, float]  #: points by grade_id
    message: str  #: of the first cell that it should lose


def outcomes(result: Graded, answers: dict[str, dict]) -> dict[str, Outcome]:
    """Of the answers in one submission; with several, a cell that none of them should lose is lost by all."""
    lost = {cell: result.possible[cell] - got for cell, got in result.scores.items()}
    lost = {cell: points for cell, points in lost.items() if points}
    due = {cell: student for student, answer in answers.items() for cell in answer["loses"]}
    return {
        student: Outcome(
            {cell: points for cell, points in lost.items() if due.get(cell, student) == student},
            result.messages[next(iter(answer["loses"]))],
        )
        for student, answer in answers.items()
    }


def as_due(outcome: Outcome, answer: dict) -> bool:
    return outcome.lost == answer["loses"] and answer["says"] in outcome.message


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def graded(request, tmp_path_factory):
    """The assignment's name; the reference and the untouched release, graded; and the outcome of each wrong answer.

    Wrong answers are handed in by the lot, which takes a third of the time, and alone where their lot was not graded as
    it should be.
    """
    name = request.param
    answers = wrong_answers(name)
    reference = nbformat.read(ASSIGNMENTS[name], as_version=4)
    release = nbformat.read(ROOT / "exercises" / name / f"{name}.ipynb", as_version=4)

    def hand_in(
        groups: list[list[str]], **others: nbformat.NotebookNode
    ) -> tuple[dict[str, Outcome], dict[str, Graded]]:
        submissions = {}
        for group in groups:
            submissions[group[0]] = reference
            for student in group:
                answer = answers[student]
                submissions[group[0]] = with_cell(submissions[group[0]], answer["cell"], answer["source"])
        results = grade(tmp_path_factory.mktemp("course"), name, submissions | others)
        found = {}
        for group in groups:
            found |= outcomes(results[group[0]], {student: answers[student] for student in group})
        return found, results

    together = lots(answers)
    found, results = hand_in(together, reference=reference, untouched=release)
    doubtful = [lot for lot in together if len(lot) > 1 and not all(as_due(found[s], answers[s]) for s in lot)]
    if doubtful:
        found |= hand_in([[student] for lot in doubtful for student in lot])[0]
    return name, results["reference"], results["untouched"], found


@pytest.mark.slow
def test_the_reference_gets_full_marks(graded):
    _, reference, _, _ = graded
    assert reference.scores == reference.possible


@pytest.mark.slow
def test_the_untouched_release_gets_nothing_on_any_cell(graded):
    _, reference, untouched, _ = graded
    assert untouched.scores == dict.fromkeys(reference.possible, 0)


@pytest.mark.slow
def test_wrong_answers_lose_what_they_should_and_nothing_else(graded):
    name, _, _, found = graded
    lost = {student: outcome.lost for student, outcome in found.items()}
    assert lost == {student: answer["loses"] for student, answer in wrong_answers(name).items()}


@pytest.mark.slow
def test_wrong_answers_are_told_why(graded):
    name, _, _, found = graded
    silent = {}
    for student, answer in wrong_answers(name).items():
        if answer["says"] not in found[student].message:
            silent[student] = f"{answer['says']!r} is not in: {found[student].message}"
    assert not silent


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_there_are_enough_wrong_answers(name, record_property):
    answers = wrong_answers(name)
    record_property(f"wrong answers to {name}", len(answers))
    assert len(answers) >= 8
    assert all(answer["loses"] and len(answer["says"]) >= 3 for answer in answers.values())


@pytest.fixture(scope="session")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch")


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_release_is_what_nbgrader_makes_of_the_solutions(name, tmp_path, scratch):
    fresh = authoring.release(ROOT, name, tmp_path, scratch)
    compared = filecmp.dircmp(ROOT / "exercises" / name, fresh)
    assert not compared.left_only + compared.right_only + compared.diff_files, f"run `make exercises NAME={name}`"
    assert f"{name}.ipynb" in compared.same_files


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_release_holds_nothing_of_the_solution(name):
    text = (ROOT / "exercises" / name / f"{name}.ipynb").read_text()
    assert "BEGIN" not in text
    assert "Marking scheme" not in text
    assert not list((ROOT / "exercises" / name).glob("**/scoring.py"))


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_release_ends_with_the_check_before_handing_in(name):
    release = nbformat.read(ROOT / "exercises" / name / f"{name}.ipynb", as_version=4)
    *_, heading, cell = release.cells
    assert heading.source.startswith("## Before you hand in\n")
    assert f'check_notebook("{name}")' in cell.source
    assert cell.metadata.nbgrader.grade_id == "hand_in"
    assert marks(cell) == {"grade": False, "solution": False, "task": False, "locked": True}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_release_carries_its_outline(name):
    source = nbformat.read(ASSIGNMENTS[name], as_version=4)
    release = nbformat.read(ROOT / "exercises" / name / f"{name}.ipynb", as_version=4)
    hidden = [grade_id(cell) for cell in source.cells if "### BEGIN HIDDEN TESTS" in cell.source]
    assert read_outline(release) == (name, outline(release, hidden))
    assert not compare(read_outline(release).cells, release)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_points_add_up_and_every_kind_of_task_is_there(name):
    nb = nbformat.read(ASSIGNMENTS[name], as_version=4)
    graded = [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    points = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points for cell in graded}
    assert sum(points.values()) == MOST_POINTS
    by_hand = [cell for cell in graded if cell.metadata.nbgrader.solution]
    assert by_hand
    assert all("Marking scheme" in cell.source for cell in by_hand)
    automatic = [cell for cell in graded if not cell.metadata.nbgrader.solution]
    assert all("### BEGIN HIDDEN TESTS" in cell.source for cell in automatic)
    assert f"**{MOST_POINTS} points" in nb.cells[0].source


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_instructor_notebook_is_stored_without_outputs(name):
    nb = nbformat.read(ASSIGNMENTS[name], as_version=4)
    ran = [cell.id for cell in nb.cells if cell.get("outputs") or cell.get("execution_count")]
    assert not ran, "clear the outputs before committing: they are made anew when it is released"


def test_every_exercise_has_its_solution():
    folders = {path.name for path in Path(ROOT, "exercises").iterdir() if path.is_dir()}
    assert folders == set(ASSIGNMENTS)
