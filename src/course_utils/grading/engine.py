"""Grade the submissions to an assignment: check, sanitize, execute on workers, and record as the results come.

The workers are Dask's: a LocalCluster by default, or a cluster that is there (`scheduler`). A worker gets one
submission's cells and files and nothing else. What it brings back is kept in `.grading/<assignment>/` before it is
recorded, so that a run that was stopped, however hard, goes on where it was.
"""

import base64
import json
import os
import secrets
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from sqlalchemy.exc import SQLAlchemyError

from course_utils.grading import check, record, verdict
from course_utils.grading.course import Assignment, Course, fingerprint
from course_utils.grading.execute import CellRun, Execution
from course_utils.grading.late import plugin
from course_utils.grading.received import SECRET, received
from course_utils.grading.sandbox.confine import Limits
from course_utils.grading.sanitize import sanitize
from course_utils.grading.verdict import HUMAN, Result
from course_utils.grading.worker import run
from course_utils.workers import Progress, runner


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
        except Exception as error:  # whatever lies there, the class goes on
            expected = isinstance(error, check.UnreadableError)
            self.problem = str(error) if expected else f"it cannot be read ({type(error).__name__}: {error})"[:300]
            content = self.problem.encode(errors="replace")
        names = [part for name, data in sorted(self.files.items()) for part in (os.fsencode(name), data)]
        self.fingerprint = fingerprint([assignment.fingerprint.encode(), content, *names])

    def job(self, limits: Limits, confined: bool) -> dict[str, Any]:
        return {
            "student": self.student,
            "cells": [tuple(cell) for cell in self.sanitized.code()],
            "files": {name: base64.b64encode(data).decode() for name, data in self.files.items()},
            "modules": list(self.assignment.modules),
            "limits": asdict(limits),
            "seed": secrets.randbits(64),
            "confined": confined,
        }

    def judged(self, entry: dict[str, Any]) -> tuple[Result, NotebookNode | None]:
        """Its result and its executed notebook, from what the journal has kept."""
        if entry["execution"] is None:
            return verdict.unreadable(self.student, entry.get("problem", self.problem)), None
        notebook, findings = self.sanitized
        done = execution(entry["execution"])
        return verdict.judge(self.student, notebook, findings, done, self.assignment.scorers), notebook

    def entry(self, done: dict[str, Any] | None) -> dict[str, Any]:
        """What the journal keeps of it."""
        return {"fingerprint": self.fingerprint, "received": self.received.isoformat(), "execution": done}


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
    confined: bool = True,
) -> list[Result]:
    """Grade everything that is handed in for the assignment `name` and not graded yet; gives all results, old and new.

    `again` executes also what has been executed before. Without `confined` students' code has the rights of the grader.
    """
    limits = limits or course.limits
    assignment = course.assignment(name)
    journal = Journal(course.root / ".grading" / name)
    submissions = [Submission(assignment, student, folder) for student, folder in course.submitted(name)]
    results: dict[str, Result] = {}
    penalties = plugin(course.config)
    record.clear_unfinished(course.autograded)
    with course.gradebook(name) as book:

        def finish(submission: Submission, entry: dict[str, Any]) -> None:
            student, when = submission.student, datetime.fromisoformat(entry["received"])
            secret = submission.files.get(SECRET)
            new = not entry.get("recorded")
            try:
                result, notebook = submission.judged(entry)
                if new:
                    by_hand = result.verdict == HUMAN
                    record.record(book, course.autograded, name, student, notebook, when, secret, by_hand, penalties)
            except (OSError, SQLAlchemyError):
                raise  # the disk or the gradebook, not this submission
            except Exception as error:  # what a sandbox has brought back must not stop the class
                reason = f"its results cannot be recorded ({type(error).__name__}: {error})"[:300]
                entry, new = entry | {"execution": None, "problem": reason}, True
                result, notebook = submission.judged(entry)
                record.record(book, course.autograded, name, student, notebook, when, secret, True, penalties)
            if new:
                journal.save(student, entry | {"recorded": True})
            late = record.lateness(book, name, student, penalties)
            result.received, result.late_seconds = entry["received"], late.seconds
            if late.penalty:  # the report knows only the points that are given automatically
                result.penalty = late.penalty * result.points / late.score
            results[student] = result

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
        jobs = [submission.job(limits, confined) for submission in waiting.values()]
        with (
            Progress(len(submissions), len(results), "submissions") as progress,
            runner(journal.folder, len(jobs), workers, scheduler, extra="hub", listen=progress.state) as do,
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
                progress.state(submission.student, "")
                progress.add(1)
    return [results[submission.student] for submission in submissions]
