"""Grade the submissions to an assignment: check, sanitize, execute on workers, and record as the results come.

The workers are Dask's: a LocalCluster by default, or a cluster that is there (`scheduler`). A worker gets one
submission's cells and files and nothing else. What it brings back is kept in `.grading/<assignment>/` before it is
recorded, so that a run that was stopped, however hard, goes on where it was.
"""

import atexit
import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_utils.grading import check, record, scoring
from course_utils.grading.course import Assignment, Course, fingerprint
from course_utils.grading.execute import ENDINGS, Cell, CellRun, Execution, execute
from course_utils.grading.sandbox.confine import Limits
from course_utils.grading.sandbox.launch import Sandbox
from course_utils.grading.sanitize import sanitize
from course_utils.workers import Progress, runner

GRADED, ZERO, HUMAN = "graded", "zero", "needs a human"


@dataclass
class Result:
    """What became of a submission."""

    student: str
    verdict: str
    reason: str = ""
    points: float = 0.0
    possible: float = 0.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory: int = 0
    findings: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)


# ── On a worker ─────────────────────────────────────────────────────────────────────────────────────────────────


_servers: dict[tuple[str, ...], Sandbox] = {}  #: this process's fork server, by what it has imported; one at a time


def sandbox(modules: tuple[str, ...]) -> Sandbox:
    """This process's fork server with `modules` imported; it ends with the process, or when others are asked for."""
    if modules not in _servers:
        close_sandbox()
        _servers[modules] = Sandbox(modules)
    return _servers[modules]


@atexit.register
def close_sandbox() -> None:
    while _servers:
        _servers.popitem()[1].close()


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Execute one sanitized submission; everything it needs is in `job`, and the answer is JSON too."""
    cells = [Cell(*cell) for cell in job["cells"]]
    try:
        done = execute(sandbox(tuple(job["modules"])), cells, job["files"], Limits(**job["limits"]), job["seed"])
    except Exception:
        close_sandbox()  # whatever is wrong with it, the next submission gets a new one
        raise
    return asdict(done)


# ── On the instructor's side ────────────────────────────────────────────────────────────────────────────────────


class Submission:
    """What one student has handed in, read once."""

    def __init__(self, assignment: Assignment, student: str, folder: Path) -> None:
        self.assignment, self.student = assignment, student
        self.problem = ""
        self.received = received(folder)
        self.sanitized = None
        self.files: dict[str, bytes] = {}
        name = f"{assignment.name}.ipynb"
        try:
            content = check.read_bytes(folder / name, check.LARGEST_NOTEBOOK)
            self.files = check.read_files(folder, name) | assignment.support
            self.sanitized = sanitize(assignment.source, assignment.release, check.parse_notebook(content, name))
        except check.UnreadableError as error:
            self.problem = str(error)
            content = self.problem.encode()
        names = [part for name, data in sorted(self.files.items()) for part in (name.encode(), data)]
        self.fingerprint = fingerprint([assignment.fingerprint.encode(), content, *names])

    def job(self, limits: Limits) -> dict[str, Any]:
        return {
            "student": self.student,
            "cells": [tuple(cell) for cell in self.sanitized.code()],
            "files": {name: base64.b64encode(data).decode() for name, data in self.files.items()},
            "modules": list(self.assignment.modules),
            "limits": asdict(limits),
            "seed": secrets.randbits(64),
        }

    def entry(self, done: dict[str, Any] | None) -> dict[str, Any]:
        """What the journal keeps of it."""
        return {"fingerprint": self.fingerprint, "received": self.received.isoformat(), "execution": done}


def fill(notebook: NotebookNode, done: Execution) -> NotebookNode:
    """Put what the cells have shown into the notebook that was run."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, (cell, cell_run) in enumerate(zip(code, done.cells, strict=True), start=1):
        cell.outputs = [nbformat.from_dict(output) for output in cell_run.outputs]
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    return notebook


def received(folder: Path) -> datetime:
    """When a submission came, by the clock of the machine that keeps it: the last time something in it was changed.

    The file system writes this time itself; the student's `timestamp.txt` is not asked.
    """
    times = [path.lstat().st_ctime for path in [folder, *folder.iterdir()]] if folder.is_dir() else [0.0]
    return datetime.fromtimestamp(max(times), UTC).replace(tzinfo=None, microsecond=0)


def judge(submission: Submission, done: Execution | None) -> tuple[Result, NotebookNode | None]:
    """The verdict on a submission, and its notebook as it goes into the gradebook."""
    student = submission.student
    if done is None:
        return Result(student, HUMAN, submission.problem), None
    notebook = fill(submission.sanitized.notebook, done)
    scoring.score(notebook, done, submission.assignment.scorers)
    got = record.points(notebook)
    endings = [cell_run.ending for cell_run in done.cells if cell_run.ending in ENDINGS]
    reasons = [f"{endings.count(ending)} × {ENDINGS[ending][0]}" for ending in dict.fromkeys(endings)]
    result = Result(
        student,
        GRADED,
        ", ".join(reasons),
        points=sum(p.score or 0 for p in got.values()),
        possible=sum(p.possible for p in got.values()),
        seconds=done.seconds,
        cpu_seconds=done.cpu_seconds,
        memory=done.memory,
        findings=[str(finding) for finding in submission.sanitized.findings],
        alarms=done.alarms,
    )
    if done.alarms:
        result.verdict, result.reason = HUMAN, "; ".join(done.alarms)
    elif result.points == 0 and reasons:
        result.verdict = ZERO
    return result, notebook


class Journal:
    """What the workers have brought back, one file per student, each written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, student: str, wanted: str) -> dict[str, Any] | None:
        path = self.folder / f"{student}.json"
        try:
            entry = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        return entry if entry.get("fingerprint") == wanted else None

    def save(self, student: str, entry: dict[str, Any]) -> None:
        scratch = self.folder / f".{student}.{os.getpid()}"
        with scratch.open("wb") as file:
            file.write(json.dumps(entry).encode())
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self.folder / f"{student}.json")


def execution(entry: dict[str, Any]) -> Execution:
    done = dict(entry)
    return Execution(**done | {"cells": [CellRun(**cell) for cell in done["cells"]]})


def grade(
    name: str,
    course: Course,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    limits: Limits | None = None,
    again: bool = False,
) -> list[Result]:
    """Grade everything that is handed in for the assignment `name` and not graded yet; gives all results, old and new.

    `again` executes also what has been executed before.
    """
    limits = limits or Limits()
    assignment = course.assignment(name)
    journal = Journal(course.root / ".grading" / name)
    submissions = [Submission(assignment, student, folder) for student, folder in course.submitted(name)]
    results: dict[str, Result] = {}
    with course.gradebook(name) as book:

        def finish(submission: Submission, entry: dict[str, Any]) -> None:
            done = execution(entry["execution"]) if entry["execution"] else None
            result, notebook = judge(submission, done)
            if not entry.get("recorded"):
                received = datetime.fromisoformat(entry["received"])
                record.record(
                    book, course.autograded, name, submission.student, notebook, received, result.verdict == HUMAN
                )
                journal.save(submission.student, entry | {"recorded": True})
            results[submission.student] = result

        waiting: dict[str, Submission] = {}
        for submission in submissions:
            entry = None if again else journal.load(submission.student, submission.fingerprint)
            if entry is None and submission.problem:
                entry = submission.entry(None)
                journal.save(submission.student, entry)
            if entry is None:
                waiting[submission.student] = submission
            else:
                finish(submission, entry)
        jobs = [submission.job(limits) for submission in waiting.values()]
        with (
            Progress(len(submissions), len(results), "submissions") as progress,
            runner(journal.folder, len(jobs), workers, scheduler, extra="hub") as do,
        ):
            for job, ask in do(run, jobs):
                submission = waiting[job["student"]]
                try:
                    entry = submission.entry(ask())
                except Exception as error:  # a worker that fails must not stop the class
                    reason = f"the grader failed ({type(error).__name__}: {error}): run the same command again"
                    results[submission.student] = Result(submission.student, HUMAN, reason[:300])
                else:
                    journal.save(submission.student, entry)
                    finish(submission, entry)
                progress.add(1)
    return [results[submission.student] for submission in submissions]
