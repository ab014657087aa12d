"""From what the cells of a submission did to its verdict and its points."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from course_utils.grading import record, scoring
from course_utils.grading.check import Finding, grade_id, marks
from course_utils.grading.execute import ENDINGS, Execution

GRADED, ZERO, HUMAN = "graded", "zero", "needs a human"


@dataclass
class CellResult:
    """How a cell with a name went: a test, an answer, or one that was only to be run."""

    name: str
    possible: float  #: 0 where nothing is to be won
    score: float | None  #: None where a person has to look
    ending: str  #: ok, error, or a key of `ENDINGS`; empty for text
    seconds: float = 0.0
    error: str = ""  #: what the student reads: the error's name and message
    by_hand: bool = False  #: a person marks it


@dataclass
class Result:
    """What became of a submission."""

    student: str
    verdict: str
    reason: str = ""
    points: float = 0.0
    possible: float = 0.0
    penalty: float = 0.0  #: points lost by being late
    late_seconds: float = 0.0
    received: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory: int = 0
    sandboxed: bool = True
    findings: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    cells: list[CellResult] = field(default_factory=list)
    blank: bool = False  #: every answer is as it was released

    @property
    def mark(self) -> float:
        """The points after the penalty."""
        return max(0.0, self.points - self.penalty)

    @property
    def to_mark(self) -> float:
        """The points that a person has still to give or not."""
        return sum(cell.possible for cell in self.cells if cell.score is None)


def unreadable(student: str, problem: str) -> Result:
    """The result of what could not be run."""
    return Result(student, HUMAN, problem)


def judge(
    student: str,
    notebook: NotebookNode,
    findings: list[Finding],
    done: Execution,
    scorers: Mapping[str, scoring.Scorer],
) -> Result:
    """The verdict on an executed submission; fills in its notebook what the cells have shown."""
    fill(notebook, done)
    scoring.score(notebook, done, scorers)
    cells = cell_results(notebook, done)
    endings = [cell_run.ending for cell_run in done.cells if cell_run.ending in ENDINGS]
    reasons = [f"{endings.count(ending)} × {ENDINGS[ending][0]}" for ending in dict.fromkeys(endings)]
    result = Result(
        student,
        GRADED,
        ", ".join(reasons),
        points=sum(cell.score or 0 for cell in cells),
        possible=sum(cell.possible for cell in cells),
        seconds=done.seconds,
        cpu_seconds=done.cpu_seconds,
        memory=done.memory,
        sandboxed=done.sandboxed,
        findings=[str(finding) for finding in findings],
        alarms=done.alarms,
        cells=cells,
        blank=record.unchanged(notebook) == {grade_id(cell) for cell in notebook.cells if marks(cell)["solution"]},
    )
    if done.alarms:
        result.verdict, result.reason = HUMAN, "; ".join(done.alarms)
    elif result.points == 0 and reasons:
        result.verdict = ZERO
    return result


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


def cell_results(notebook: NotebookNode, done: Execution) -> list[CellResult]:
    """How each cell with a name went, in the order of the notebook."""
    got = record.points(notebook)
    runs = iter(done.cells)
    results = []
    for cell in notebook.cells:
        run = next(runs) if cell.cell_type == "code" else None
        name = grade_id(cell)
        if name is None:
            continue
        kind = marks(cell)
        points = got[name] if kind["grade"] else record.Points(0.0, 0.0)
        errors = [output for output in cell.get("outputs", ()) if output.output_type == "error"]
        results.append(
            CellResult(
                name,
                points.possible,
                points.score,
                ending="" if run is None else "error" if errors and run.ending == "ok" else run.ending,
                seconds=0.0 if run is None else run.seconds,
                error=f"{errors[-1].ename}: {errors[-1].evalue}" if errors else "",
                by_hand=kind["grade"] and not kind["locked"],
            )
        )
    return results
