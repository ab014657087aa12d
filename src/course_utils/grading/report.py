"""What a run of grading says at its end: a table for the terminal, and the same as CSV."""

import csv
from collections.abc import Sequence
from pathlib import Path

from course_utils.grading.verdict import HUMAN, Result

COLUMNS = ("student", "verdict", "points", "possible", "seconds", "cpu_seconds", "memory_mb", "reason", "repaired")


def row(result: Result) -> dict[str, str]:
    """A line of the table."""
    return {
        "student": result.student,
        "verdict": result.verdict,
        "points": f"{result.points:g}",
        "possible": f"{result.possible:g}",
        "seconds": f"{result.seconds:.1f}",
        "cpu_seconds": f"{result.cpu_seconds:.1f}",
        "memory_mb": f"{result.memory / 1e6:.0f}",
        "reason": harmless(result.reason),
        "repaired": harmless("; ".join(result.findings)),
    }


def harmless(text: str) -> str:
    """Text that may be the student's: one line, and no formula for the spreadsheet that opens it."""
    line = " ".join(text.split())
    return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line


def write_csv(results: Sequence[Result], path: Path) -> None:
    """Write one line per submission; the file is there in whole or as it was."""
    scratch = path.with_name(f".{path.name}.part")
    with scratch.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(row, results))
    scratch.replace(path)


def table(results: Sequence[Result]) -> str:
    """The results as lines of text, and how many there are of each verdict."""
    shown = [
        (r["student"], r["verdict"], f"{r['points']}/{r['possible']}", r["seconds"], r["reason"])
        for r in map(row, results)
    ]
    head = ("student", "verdict", "points", "seconds", "reason")
    widths = [max(len(line[k]) for line in [head, *shown]) for k in range(4)]
    lines = [
        "  ".join([*(cell.ljust(w) for cell, w in zip(line, widths, strict=False)), line[4][:100]]).rstrip()
        for line in [head, *shown]
    ]
    counts = {
        verdict: sum(result.verdict == verdict for result in results)
        for verdict in dict.fromkeys(r.verdict for r in results)
    }
    lines.append(", ".join(f"{n} {verdict}" for verdict, n in counts.items()) or "nothing was handed in")
    return "\n".join(lines)


def exit_code(results: Sequence[Result]) -> int:
    """0 if every submission has its points, 3 if a person has to look at one."""
    return 3 if any(result.verdict == HUMAN for result in results) else 0
