"""What a run of grading says at its end: a table for the terminal, and files for a spreadsheet. `page` says more."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from course_utils.grading.verdict import GRADED, HUMAN, ZERO, Result

COLUMNS = (
    "student",
    "verdict",
    "points",
    "possible",
    "seconds",
    "cpu_seconds",
    "memory_mb",
    "reason",
    "repaired",
    "received",
    "late_hours",
    "penalty",
    "to_mark",
    "sandboxed",
)
WIDEST_NAME = 32
NARROWEST_REASON = 24
FORMULA = re.compile(r"""(^|;)([\s"']*)(?=[=+\-@＝＋－＠])""")


def plain(text: str, most: int = 2000) -> str:
    """Text that may be the student's as one line of at most `most` characters, of those that can be seen.

    Escape sequences, changes of direction and halves of characters are shown as what they are: nothing to be read.

    >>> plain("all\\x1b[2J\\n is \\u202ewell", most=12)
    'all�[2J is …'
    """
    line = " ".join(text[: 10 * most].split())
    seen = "".join(c if c.isprintable() else "�" for c in line)
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def harmless(text: str) -> str:
    """Text that may be the student's, for a spreadsheet: no formula, not even where a semicolon separates columns.

    >>> harmless('=HYPERLINK("http://…"); "=1+1"')
    '\\'=HYPERLINK("http://…"); "\\'=1+1"'
    """
    return FORMULA.sub(r"\1\2'", plain(text))


def lateness(result: Result) -> str:
    """How late it came and what that cost; empty if it was in time.

    >>> lateness(Result("ann", "graded", points=3, penalty=0.6, late_seconds=9000))
    'late by 2.5 h: −0.6 points'
    """
    if not result.late_seconds:
        return ""
    cost = f"−{result.penalty:g} points" if result.penalty else "no penalty"
    return f"late by {result.late_seconds / 3600:.1f} h: {cost}"


def attainable(results: Iterable[Result]) -> float:
    """What can be had; a submission that could not be run does not know it."""
    return max((result.possible for result in results), default=0.0)


def row(result: Result, possible: float) -> dict[str, str]:
    """A line of the CSV; its points are those after the penalty."""
    return {
        "student": harmless(result.student),
        "verdict": result.verdict,
        "points": f"{result.mark:g}",
        "possible": f"{possible:g}",
        "seconds": f"{result.seconds:.1f}",
        "cpu_seconds": f"{result.cpu_seconds:.1f}",
        "memory_mb": f"{result.memory / 1e6:.0f}",
        "reason": harmless(result.reason),
        "repaired": harmless("; ".join(result.findings)),
        "received": harmless(result.received),
        "late_hours": f"{result.late_seconds / 3600:.2f}",
        "penalty": f"{result.penalty:g}",
        "to_mark": f"{result.to_mark:g}",
        "sandboxed": "yes" if result.sandboxed else "no",
    }


def as_csv(results: Sequence[Result]) -> str:
    """One line per submission."""
    most = attainable(results)
    return _csv([COLUMNS, *(row(result, most).values() for result in results)])


def cells_as_csv(results: Sequence[Result]) -> str:
    """One line per submission and one column per graded cell: its points; empty where there are none yet."""
    names = dict.fromkeys(cell.name for result in results for cell in result.cells if cell.possible)
    lines = [["student", *names]]
    for result in results:
        scores = {cell.name: cell.score for cell in result.cells}
        points = ["" if scores.get(name) is None else f"{scores[name]:g}" for name in names]
        lines.append([harmless(result.student), *points])
    return _csv(lines)


def _csv(lines: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def write(path: Path, text: str) -> None:
    """Write a file; it is there in whole or as it was."""
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)


def table(results: Sequence[Result], width: int = 120) -> str:
    """The results as lines no wider than `width`, how many there are of each verdict, and what is left to do."""
    most = attainable(results)
    shown = [
        (
            plain(result.student, WIDEST_NAME),
            result.verdict,
            f"{result.mark:g}/{most:g}",
            f"{result.seconds:.1f}",
            "; ".join(filter(None, (lateness(result), plain(result.reason)))),
        )
        for result in results
    ]
    head = ("student", "verdict", "points", "seconds", "reason")
    widths = [max(len(line[k]) for line in [head, *shown]) for k in range(4)]
    widths.append(max(NARROWEST_REASON, width - sum(widths) - 8))
    lines = [
        "  ".join(plain(cell, w).ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in [head, *shown]
    ]
    return "\n".join([*lines, "", *closing(results)])


def closing(results: Sequence[Result]) -> list[str]:
    """The last lines of the table."""
    counts = Counter(result.verdict for result in results)
    told = [f"{counts[verdict]} {verdict}" for verdict in (GRADED, ZERO, HUMAN) if counts[verdict]]
    lines = [", ".join(told) or "nothing was handed in"]
    if late := sum(result.late_seconds > 0 for result in results):
        penalized = sum(result.penalty > 0 for result in results)
        lines.append(
            f"{late} late" + (f"; {penalized} with points after a penalty." if penalized else ", without a penalty.")
        )
    if waiting := sum(result.to_mark > 0 for result in results):
        lines.append(f"{waiting} with answers that you mark by hand, in nbgrader's formgrader; not in these points.")
    if unsafe := sum(not result.sandboxed for result in results):
        lines.append(
            f"WITHOUT A SANDBOX: {unsafe} of {len(results)} ran with all your rights, and could have changed any "
            "result.\nWith --again, and without --unsafe-no-sandbox, they run in one."
        )
    return lines


def exit_code(results: Sequence[Result]) -> int:
    """0 if every submission has its points, 3 if a person has to look at one."""
    return 3 if any(result.verdict == HUMAN for result in results) else 0
