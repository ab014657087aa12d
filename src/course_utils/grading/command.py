"""`course grade`: grade a class, or check one file before it is handed in."""

import shutil
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from course_utils.authoring import AuthoringError, assignments, checkout
from course_utils.grading import page, report
from course_utils.grading.check import ERROR, check
from course_utils.grading.course import Course, CourseError
from course_utils.grading.engine import grade
from course_utils.grading.sandbox.launch import SandboxError, find_bubblewrap
from course_utils.names import unknown_name
from course_utils.workers import WorkersError

UNSAFE = (
    "No sandbox: students' code runs with all your rights. It can read and change your files, the solutions\n"
    "and the gradebook. The report says that it was run so."
)


def main(
    name: str, file: str | None, workers: int | None, scheduler: str | None, again: bool, unsafe_no_sandbox: bool
) -> int:
    """0 when all have their points, 1 when grading could not start, 3 when a person has to look, 130 interrupted."""
    try:
        root = checkout()
        if name not in (known := assignments(root)):
            raise CourseError(unknown_name("assignment", name, known))
        course = Course(root)
        if file is not None:
            return check_one(Path(file), course.path("release", ".", name) / f"{name}.ipynb")
        if unsafe_no_sandbox:
            print(UNSAFE, file=sys.stderr)
        elif scheduler is None:  # or else the workers' machines need it
            find_bubblewrap()
        confined = not unsafe_no_sandbox
        results = grade(name, course, workers=workers, scheduler=scheduler, again=again, confined=confined)
    except (AuthoringError, CourseError, SandboxError, WorkersError, ImportError) as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, SQLAlchemyError) as error:
        print(f"{error}\nWhat is graded is kept. Put this right; the same command goes on.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The same command continues where this one stopped.", file=sys.stderr)
        return 130
    print(report.table(results, width=shutil.get_terminal_size((120, 24)).columns))
    folder = root / ".grading"
    files = {
        "Report": (f"{name}.html", page.html(name, results, datetime.now().astimezone())),
        "Points": (f"{name}.csv", report.as_csv(results)),
        "Points of each test": (f"{name}-cells.csv", report.cells_as_csv(results)),
    }
    for what, (file_name, text) in files.items():
        report.write(folder / file_name, text)
        print(f"{what}: {(folder / file_name).relative_to(root)}")
    return report.exit_code(results)


def check_one(path: Path, release: Path) -> int:
    findings = check(path, release)
    for finding in findings:
        print(finding)
    if not findings:
        print(f"{path.name} can be handed in.")
    return 1 if any(finding.severity == ERROR for finding in findings) else 0
