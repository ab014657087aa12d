"""The report of a class as one HTML page, for the instructor: what to look at, marks, tests, mistakes, everybody.

Names, messages and reasons may be a student's, and the page is opened with the instructor's rights. `page.html` is
filled in with everything escaped and made `plain`, asks for nothing from elsewhere, and forbids the browser to.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from course_utils.grading import statistics
from course_utils.grading.report import attainable, lateness, plain
from course_utils.grading.verdict import GRADED, HUMAN, ZERO, Result

LONGEST = 300  #: characters of a message
SLOWEST = 8
MISTAKES = 3
NAMED = 6  #: students in a list, before it is cut

LOOK_AT = {
    "was replaced": "Which cell assigns to this name, or reaches into its module? An accident (a variable called like "
    "a function) or a test made harmless?",
    "a test that must fail": "A judge says yes to everything, or a failure was not shown. Look for code that replaces "
    "checks, or that catches, hides or rewrites errors.",
    "a cell that was not running": "A result was made up. Look for code that writes to open files or sockets.",
    "ended where it had not before": "It crashes now and then. Look for os._exit, signals and random crashes.",
    "were changed": "Look for code that reaches into IPython: get_ipython(), its events, transformers or handlers.",
    "was used": "Look for calls of settrace or setprofile.",
    "the scorer of": "This is no doing of the student's, as far as can be told: look at scoring.py first.",
}
SHARE_OF_OURS = 0.2  #: an alarm of more of the class than this is likely the assignment's


@cache
def template() -> jinja2.Template:
    """Text in it is escaped and plain unless it says otherwise."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: plain(value, LONGEST) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"named": named, "lateness": lateness, "look_at": look_at}
    return environment.from_string(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))


def html(name: str, results: Sequence[Result], when: datetime) -> str:
    """The page of the assignment `name`, graded at the time `when`."""
    marks = statistics.marks(results)
    mistakes = statistics.mistakes(results)
    seconds = [result.seconds for result in results if result.cells]
    return template().render(
        name=name,
        when=f"{when:%Y-%m-%d %H:%M %Z}".strip(),
        results=results,
        possible=attainable(results),
        verdicts={verdict: sum(result.verdict == verdict for result in results) for verdict in (GRADED, ZERO, HUMAN)},
        people=[result for result in results if result.verdict == HUMAN],
        alarms=statistics.alarms(results),
        many=lambda students: (
            len(results) >= statistics.SMALLEST_CLASS and len(students) > SHARE_OF_OURS * len(results)
        ),
        late=[result for result in results if result.late_seconds],
        unsafe=sum(not result.sandboxed for result in results),
        marks=marks,
        figure=figure(marks),
        counted=len(statistics.counted(results)),
        blank=sum(result.blank for result in statistics.marked(results)),
        smallest=statistics.SMALLEST_CLASS,
        items=statistics.items(results),
        waiting=statistics.waiting(results),
        mistakes={test: found[:MISTAKES] for test, found in mistakes.items()},
        more={test: len(found) - MISTAKES for test, found in mistakes.items()},
        times=statistics.times(results)[:SLOWEST],
        ended=statistics.ended(results),
        largest=sorted(results, key=lambda result: -result.memory)[:3] if seconds else [],
        memory=float(np.median([result.memory for result in results if result.cells])) if seconds else None,
        cpu_seconds=sum(result.cpu_seconds for result in results),
        per_minute=60 * len(seconds) / sum(seconds) if sum(seconds) else None,
    )


def figure(marks: statistics.Marks) -> dict[str, Any]:
    """The histogram of the marks in percent of its frame, labels where there is room for them, and its words."""
    bars = statistics.histogram(marks)
    tallest = max(bar.count for bar in bars) or 1
    width = 100 / len(bars)
    step = -(-len(bars) // 11)
    drawn = [
        {
            "left": k * width + 0.1 * width,
            "width": 0.8 * width,
            "middle": (k + 0.5) * width,
            "height": 100 * bar.count / tallest,
            "count": bar.count,
            "label": f"{bar.low:g}" if k % step == 0 else "",
        }
        for k, bar in enumerate(bars)
    ]
    said = ", ".join(f"{bar.count} with {bar.low:g}" for bar in bars if bar.count)
    unit = bars[0].high - bars[0].low
    return {"bars": drawn, "unit": unit, "alt": f"Histogram of the marks, from 0 to {marks.possible:g} points: {said}."}


def named(students: Sequence[str]) -> str:
    """The first few, and how many more there are.

    >>> named(["ann", "bob"]), named([str(k) for k in range(9)])
    ('ann, bob', '0, 1, 2, 3, 4, 5 and 3 more')
    """
    listed = ", ".join(plain(student, 40) for student in students[:NAMED])
    return listed + (f" and {len(students) - NAMED} more" if len(students) > NAMED else "")


def look_at(alarm: str) -> str:
    """What a person should look for in a submission that has raised an alarm."""
    return next((advice for sign, advice in LOOK_AT.items() if sign in alarm), "Read it, then run it yourself.")
