"""Run a student's notebook from top to bottom in a new kernel, and say how its checks went: `python -m … FILE`.

What is printed is JSON, for the dialog of *Validate* (hub/jupyter/student/share).
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from course_utils.grading.check import TEST, UnreadableError, kind, read_notebook
from course_utils.grading.sandbox.confine import Limits
from course_utils.handin import look, with_headings

COLORS = re.compile(r"\x1b\[[0-9;]*m")
COMMENTS = re.compile(r"#.*")


class Failed(NamedTuple):
    """A check that failed: the heading above it, and what it says."""

    heading: str
    said: str


class Report(NamedTuple):
    summary: str
    failed: list[Failed]
    notes: list[str]  #: about handing in


def validate(path: Path, cell_seconds: float = Limits.cell_seconds) -> Report:
    try:
        notebook = read_notebook(path)
        run(notebook, path.parent, cell_seconds)
    except UnreadableError as error:
        return Report(f"{error}.", [], [])
    except (DeadKernelError, NoSuchKernel) as error:
        return Report(f"The notebook did not run to its end: {error}.", [], [])
    checks = [
        (heading, problem(cell, cell_seconds))
        for cell, heading in with_headings(notebook)
        if cell.cell_type == "code" and kind(cell) == TEST and COMMENTS.sub("", cell.source).strip()
    ]
    failed = [Failed(heading, said) for heading, said in checks if said]
    return Report(
        f"{len(checks) - len(failed)} of {len(checks)} visible checks passed.",
        failed,
        list(look(path.stem, path.parent)),
    )


def run(notebook: NotebookNode, folder: Path, cell_seconds: float) -> None:
    """Run all cells, whatever fails, and keep what they show."""
    os.environ["NBGRADER_EXECUTION"] = "validate"
    client = NotebookClient(
        notebook,
        timeout=int(cell_seconds),
        interrupt_on_timeout=True,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
        config=Config(KernelManager={"transport_encryption": "auto"}),  # others share the loopback
    )
    client.execute()


def problem(cell: NotebookNode, cell_seconds: float) -> str:
    """What the error that a cell has ended with says; empty if it has not."""
    for output in cell.outputs:
        if output.output_type == "error":
            if output.ename == "KeyboardInterrupt":
                return f"It ran longer than {cell_seconds:.0f} s and was stopped. Is there a loop that never ends?"
            if output.ename == "NotImplementedError":
                return "Not filled in yet."
            return COLORS.sub("", f"{output.ename}: {output.evalue}")
    return ""


def as_json(report: Report) -> dict[str, Any]:
    return report._asdict() | {"failed": [failed._asdict() for failed in report.failed]}


if __name__ == "__main__":
    print(json.dumps(as_json(validate(Path(sys.argv[1])))))
