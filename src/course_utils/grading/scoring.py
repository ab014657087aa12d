"""Score what tests have handed over, outside of the sandbox, against what was never in it."""

import contextlib
import io
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from numpy.typing import NDArray

from course_utils.grading.check import grade_id
from course_utils.grading.execute import Execution
from course_utils.handover import HandoverError, decode

FILE = "scoring.py"

Scorer = Callable[[Mapping[str, NDArray]], None]


def load(path: Path) -> dict[str, Scorer]:
    """The functions of a `scoring.py` by name, each the name of a test cell; none if there is no such file."""
    if not path.is_file():
        return {}
    defined = runpy.run_path(str(path))
    return {name: value for name, value in defined.items() if name.startswith("test_") and callable(value)}


def score(notebook: NotebookNode, done: Execution, scorers: Mapping[str, Scorer]) -> None:
    """Judge each cell that has a scorer and ended well; a bad verdict becomes its error, as if the test raised it."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, run in zip(code, done.cells, strict=True):
        name = grade_id(cell) or ""
        if name in scorers and run.ending == "ok":
            cell.outputs += verdict(name, scorers[name], run.handed, done.alarms)


def verdict(name: str, scorer: Scorer, handed: object, alarms: list[str]) -> list[NotebookNode]:
    """What is to be read under the cell `name`: nothing if all is well."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # what a check prints when it passes
            scorer(decode(handed))
    except (AssertionError, HandoverError, KeyError) as error:
        said = f"{type(error).__name__}: {error}"
    except Exception as error:
        said = f"the scorer of {name} failed: {type(error).__name__}: {error}"
        alarms.append(said)
    else:
        return []
    ename, _, evalue = said.partition(": ")
    return [nbformat.v4.new_output("error", ename=ename, evalue=evalue, traceback=[said])]
