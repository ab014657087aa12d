"""What the results of a class say about its marks, about the tests, and about what they needed.

Marks are counted of all who have theirs: not of those that need a human. A test is judged by those of them who have
answered something (`counted`): what was handed in as it was released fails every test and says nothing about any.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course_utils.grading.execute import ENDINGS
from course_utils.grading.verdict import HUMAN, CellResult, Result

SMALLEST_CLASS = 10  #: of fewer submissions nothing is said about a test
FEWEST_APART = 3  #: submissions that must differ from the rest before a correlation is believed
SEPARATES = 0.3  #: a correlation that tells the strong from the weak
MOST_BARS = 20
NOT_RUN = ("budget", "losses")

NOBODY_ANSWERS = "nobody has answered it"
NOBODY_PASSES = "nobody passes: is the test broken?"
NOBODY_WINS_ALL = "nobody wins all of its points: can they be won?"
EVERYBODY_PASSES = "everybody passes: it tells nobody apart"
INVERTED = "the strong fail it more often than the weak: look at it"
FLAT = "does not separate the strong from the weak"


@dataclass(frozen=True)
class Marks:
    """The marks of those who have one, after the penalty and without what is marked by hand."""

    values: NDArray[np.float64]
    possible: float

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def median(self) -> float:
        return float(np.median(self.values))


@dataclass(frozen=True)
class Bar:
    """So many have a mark of at least `low` and less than `high`; the last one has its end too."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Item:
    """How a class did in one test."""

    name: str
    possible: float
    passed: int  #: those with all its points
    unanswered: int  #: those for whom the released stub has raised its NotImplementedError
    mean: float  #: share of its points
    discrimination: float | None  #: correlation with the points in all other tests; None where there is no telling
    remark: str

    @property
    def odd(self) -> bool:
        """Whether the marks are to be doubted because of it."""
        return self.remark not in ("", EVERYBODY_PASSES)


@dataclass(frozen=True)
class Mistake:
    """A message that several may have got, but for its numbers."""

    message: str
    students: list[str]


@dataclass(frozen=True)
class Waiting:
    """An answer that a person marks."""

    name: str
    possible: float
    students: list[str]  #: whose marks are missing


@dataclass(frozen=True)
class Time:
    """How long a cell ran, in seconds."""

    name: str
    median: float
    worst: float
    who: str


@dataclass(frozen=True)
class Ended:
    """A cell that the grader has ended, or not begun, and whose."""

    name: str
    ending: str
    students: list[str]


def marked(results: Iterable[Result]) -> list[Result]:
    """Those that have their points."""
    return [result for result in results if result.verdict != HUMAN]


def counted(results: Iterable[Result]) -> list[Result]:
    """Those by which a test is judged."""
    return [result for result in marked(results) if not result.blank]


def scored(result: Result) -> list[CellResult]:
    """Its tests; what a person marks is none."""
    return [cell for cell in result.cells if cell.possible and not cell.by_hand]


def is_stub(cell: CellResult) -> bool:
    """Whether a test has met the released stub in place of an answer."""
    return cell.error.startswith("NotImplementedError")


def marks(results: Sequence[Result]) -> Marks:
    possible = [sum(cell.possible for cell in scored(result)) for result in results]
    return Marks(np.array([result.mark for result in marked(results)]), max(possible, default=0.0))


def histogram(marks: Marks) -> list[Bar]:
    """The marks in at most 20 bars of the same width, and one more for all points."""
    width = next(w for k in range(9) for w in (10**k, 2 * 10**k, 5 * 10**k) if marks.possible <= w * MOST_BARS)
    n = int(marks.possible // width) + 1
    place = np.clip((marks.values + 1e-9) // width, 0, n - 1).astype(int)
    counts = np.bincount(place, minlength=n)
    return [Bar(k * width, (k + 1) * width, int(count)) for k, count in enumerate(counts)]


def discrimination(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """How the score in each test goes with the score in all the others together: their correlation.

    `scores` is (n_submissions, n_tests). Where a test passes all or none, there is no telling: nan. A test that is
    passed or failed gives the point-biserial correlation, without the test itself in the total.

    >>> discrimination(np.array([[1, 2, 0], [1, 2, 1], [0, 1, 1], [0, 0, 1]])).round(2)
    array([ 0.71,  0.52, -0.56])
    """
    rest = scores.sum(axis=1, keepdims=True) - scores
    x, y = scores - scores.mean(axis=0), rest - rest.mean(axis=0)
    spread = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    varied = (np.ptp(scores, axis=0) > 1e-9) & (np.ptp(rest, axis=0) > 1e-9)
    return np.divide((x * y).sum(axis=0), spread, out=np.full(spread.shape, np.nan), where=varied)


def upper(r: float, n: int) -> float:
    """The upper end of the 95 % interval of a correlation of `n` pairs, by Fisher's transformation.

    >>> round(upper(0.0, 40), 2), round(upper(-0.5, 12), 2)
    (0.31, 0.1)
    """
    return float(np.tanh(np.arctanh(np.clip(r, -0.999999, 0.999999)) + 1.96 / np.sqrt(n - 3)))


def items(results: Sequence[Result]) -> list[Item]:
    """How the class did in each test, in the order of the notebook, and what is odd about it."""
    cells = [scored(result) for result in counted(results)]
    if not cells:
        return []
    possible = np.array([cell.possible for cell in cells[0]])
    scores = np.array([[cell.score for cell in row] for row in cells])  # (n_submissions, n_tests)
    passed = scores >= possible - 1e-9
    unanswered = np.array([[is_stub(cell) for cell in row] for row in cells])
    return [
        Item(
            cell.name,
            cell.possible,
            int(passed[:, k].sum()),
            int(unanswered[:, k].sum()),
            float(scores[:, k].mean() / cell.possible),
            float(r) if len(cells) >= SMALLEST_CLASS and np.isfinite(r) else None,
            remark(scores[:, k], passed[:, k], unanswered[:, k], float(r)),
        )
        for k, (cell, r) in enumerate(zip(cells[0], discrimination(scores), strict=True))
    ]


def remark(
    scores: NDArray[np.float64], passed: NDArray[np.bool_], unanswered: NDArray[np.bool_], discrimination: float
) -> str:
    """What is odd about a test; empty if nothing is, or if too few have taken it to tell.

    A correlation is called bad only where chance does not make it so: the upper end of its interval is.
    """
    n = len(scores)
    if n < SMALLEST_CLASS:
        return ""
    if unanswered.all():
        return NOBODY_ANSWERS
    if not passed.any():
        return NOBODY_WINS_ALL if scores.any() else NOBODY_PASSES
    if passed.all():
        return EVERYBODY_PASSES
    apart = n - np.unique(scores, return_counts=True)[1].max()
    if apart < FEWEST_APART or not np.isfinite(discrimination):
        return ""
    best = upper(discrimination, n)
    return INVERTED if best < 0 else FLAT if best < SEPARATES else ""


MASKS = (
    (re.compile(r"0x[0-9a-fA-F]+"), "#"),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]:\\|~?/)[^\s'\",:;()<>]+"), "<file>"),
    (re.compile(r"\b[\w-]+\.(?:csv|h5|ipynb|json|npy|npz|png|py|root|txt)\b"), "<file>"),
    (re.compile(r"(?<![A-Za-z_\d#])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?j?"), "#"),
    (re.compile(r"#(?:[\s,]+#)+"), "#"),
    (re.compile(r"\[[#\s,]*\]"), "[#]"),
)


def normalized(message: str) -> str:
    """A message without what differs from one student to the next: numbers, indices, addresses, names of files.

    >>> normalized("CheckFailed: w1 is wrong: 3 of 5 entries differ.\\n  expected w1[2, 0] = -1e-3, came 0.25")
    'CheckFailed: w1 is wrong: # of # entries differ. expected w1[#] = #, came #'
    >>> normalized("OSError: /home/ann/data.csv at 0x7f3a")
    'OSError: <file> at #'
    """
    line = " ".join(message[:2000].split())
    for pattern, mask in MASKS:
        line = pattern.sub(mask, line)
    return line


def mistakes(results: Sequence[Result]) -> dict[str, list[Mistake]]:
    """For each test the messages that wrong answers have got, the most frequent first."""
    found: dict[str, dict[str, list[str]]] = {}
    for result in counted(results):
        for cell in scored(result):
            messages = found.setdefault(cell.name, {})
            if cell.error and cell.score < cell.possible and not is_stub(cell):
                messages.setdefault(normalized(cell.error), []).append(result.student)
    return {
        name: sorted((Mistake(*pair) for pair in messages.items()), key=lambda mistake: -len(mistake.students))
        for name, messages in found.items()
        if messages
    }


def waiting(results: Sequence[Result]) -> list[Waiting]:
    """The answers that a person marks, and who waits for it."""
    cells = {cell.name: cell.possible for result in results for cell in result.cells if cell.by_hand}
    return [
        Waiting(name, possible, [r.student for r in results if name in {c.name for c in r.cells if c.score is None}])
        for name, possible in cells.items()
    ]


def times(results: Sequence[Result]) -> list[Time]:
    """How long the cells ran, those with the worst case first."""
    seconds: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for result in results:
        for cell in result.cells:
            if cell.ending and cell.ending not in NOT_RUN:
                seconds[cell.name].append((cell.seconds, result.student))
    found = [Time(name, float(np.median([s for s, _ in runs])), *max(runs)) for name, runs in seconds.items()]
    return sorted(found, key=lambda time: -time.worst)


def ended(results: Sequence[Result]) -> list[Ended]:
    """The cells that the grader has ended, those of most students first."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in results:
        for cell in result.cells:
            if cell.ending in ENDINGS:
                what = ENDINGS[cell.ending][0]
                found[cell.name, f"{what}, not run" if cell.ending in NOT_RUN else what].append(result.student)
    return sorted((Ended(*key, students) for key, students in found.items()), key=lambda end: -len(end.students))


def alarms(results: Sequence[Result]) -> dict[str, list[str]]:
    """What was suspicious, and who: what most have in common first."""
    counts = Counter(alarm for result in results for alarm in result.alarms)
    return {
        alarm: [result.student for result in results if alarm in result.alarms] for alarm, _ in counts.most_common()
    }
