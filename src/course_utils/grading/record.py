"""Write results into nbgrader's gradebook and folders, as nbgrader would, so that formgrader, feedback and export work.

One writer, one transaction per submission. What is written twice is written the same: after a crash it is done again.
"""

import ast
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.utils import compute_checksum, determine_grade

from course_utils.grading.check import grade_id, marks
from course_utils.grading.late import Late, assess
from course_utils.grading.received import SECRET

UNFINISHED = ".new-"


@dataclass(frozen=True)
class Points:
    """What a graded cell got; `score` is None where a person has to look."""

    score: float | None
    possible: float


def points(notebook: NotebookNode) -> dict[str, Points]:
    """The points of each graded cell of an executed notebook: nbgrader's rules, for the outputs that decide."""
    found = {}
    for cell in notebook.cells:
        if not marks(cell)["grade"]:
            continue
        quiet = nbformat.from_dict(cell)
        if cell.cell_type == "code":
            quiet.outputs = deciding(cell)
        found[grade_id(cell)] = Points(*determine_grade(quiet))
    return found


def deciding(cell: NotebookNode) -> list[NotebookNode]:
    """The outputs of a test that decide on its points: its errors, and the number that it ends in, if it does.

    Warnings and notes are no failure; a number that the student's code shows on the way is no partial credit.
    """
    errors = [output for output in cell.outputs if output.output_type == "error"]
    numbers = [output for output in cell.outputs if output.output_type == "execute_result"]
    return errors or (numbers[-1:] if ends_in_number(cell.source) else [])


def ends_in_number(source: str) -> bool:
    """Whether the last line of a test is its partial credit, as nbgrader knows it.

    >>> ends_in_number("check_close(f(1), 2)"), ends_in_number("n_right = 3\\nn_right / 4")
    (False, True)
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    return bool(body) and isinstance(body[-1], ast.Expr) and not isinstance(body[-1].value, ast.Call | ast.Constant)


def record(
    book: Gradebook,
    autograded: Path,
    assignment: str,
    student: str,
    notebook: NotebookNode | None,
    timestamp: datetime | None,
    secret: bytes | None,
    by_hand: bool,
    penalties: LateSubmissionPlugin,
) -> None:
    """Record one submission: its notebook in the folder `autograded`, its points in the gradebook.

    `notebook` is None where nothing could be run: every cell then gets 0 and waits for a person. `by_hand` makes all of
    its automatic grades wait for one. By the `secret` that came with it the student finds the feedback in the exchange.
    """
    if notebook is not None:
        notes = {"timestamp.txt": None if timestamp is None else f"{timestamp:%Y-%m-%d %H:%M:%S.%f} UTC\n".encode()}
        content = nbformat.writes(notebook).encode("utf-8", "replace")  # half a surrogate is no text
        store({f"{assignment}.ipynb": content, **notes, SECRET: secret}, autograded / student / assignment)
    session = book.db
    try:
        submission = find_or_make(book, assignment, student)
        submission.timestamp = timestamp
        [submitted] = [nb for nb in submission.notebooks if nb.name == assignment]
        got = points(notebook) if notebook is not None else {}
        for grade in submitted.grades:
            score = got[grade.name].score if grade.name in got else (0.0 if notebook is None else None)
            grade.auto_score = score
            grade.needs_manual_grade = by_hand or score is None or grade.manual_score is not None
        unanswered = unchanged(notebook)
        for comment in submitted.comments:
            comment.auto_comment = "No response." if comment.name in unanswered else None
        assess(book, submission, penalties)
        session.commit()
    except BaseException:
        session.rollback()
        raise


def lateness(book: Gradebook, assignment: str, student: str, penalties: LateSubmissionPlugin) -> Late:
    """How late a recorded submission is, and its penalty, by the due date and the extensions as they are now."""
    try:
        late = assess(book, find_or_make(book, assignment, student), penalties)
        book.db.commit()
    except BaseException:
        book.db.rollback()
        raise
    return late


def find_or_make(book: Gradebook, assignment: str, student: str) -> SubmittedAssignment:
    """The student's submission in the gradebook, made with all its cells if it is new; not committed."""
    session = book.db
    task = session.query(Assignment).filter(Assignment.name == assignment).one()
    person = session.get(Student, student)
    if person is None:
        person = Student(id=student)
        session.add(person)
    submission = session.query(SubmittedAssignment).filter_by(assignment_id=task.id, student_id=person.id).one_or_none()
    if submission is None:
        with session.no_autoflush:
            submission = SubmittedAssignment(assignment=task, student=person)
            for notebook in task.notebooks:
                submitted = SubmittedNotebook(notebook=notebook, assignment=submission)
                for cell in [*notebook.grade_cells, *notebook.task_cells]:
                    Grade(cell_id=cell.id, notebook=submitted)
                for cell in [*notebook.solution_cells, *notebook.task_cells]:
                    Comment(cell_id=cell.id, notebook=submitted)
            session.add(submission)
        session.flush()
    return submission


def unchanged(notebook: NotebookNode | None) -> set[str]:
    """The answers that are as they were released."""
    cells = notebook.cells if notebook is not None else []
    return {
        grade_id(cell)
        for cell in cells
        if marks(cell)["solution"] and cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
    }


def clear_unfinished(autograded: Path) -> None:
    """Remove what a run that was killed has left half written."""
    for folder in autograded.glob(f"*/{UNFINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def store(files: dict[str, bytes | None], folder: Path) -> None:
    """Write the folder of an autograded submission, all of it or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder.parent) as scratch:
        fresh = Path(scratch, folder.name)
        fresh.mkdir()
        for name, content in files.items():
            if content is not None:
                (fresh / name).write_bytes(content)
                (fresh / name).chmod(0o444)
        if folder.exists():
            folder.replace(Path(scratch, "old"))
        fresh.replace(folder)
        shutil.rmtree(Path(scratch, "old"), ignore_errors=True)
