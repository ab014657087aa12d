"""A notebook for experiments: one line of JSON per run, in a file that survives crashes and several writers.

>>> import tempfile
>>> folder = tempfile.TemporaryDirectory()
>>> tracker = Tracker(Path(folder.name) / "runs.jsonl")
>>> for lr in (0.1, 0.01):
...     with tracker.run({"lr": lr}, seed=0) as run:
...         run.history = {"val_loss": [2.0, 1.0 + lr]}
...         run.metrics["accuracy"] = 1 - lr
>>> print(tracker.table(sort="accuracy"))
run    lr  val_loss  accuracy  state
  2  0.01      1.01      0.99   done
  1   0.1       1.1       0.9   done
same in all: seed 0
>>> folder.cleanup()

A run is written when it ends, in one append, also when it fails. Two processes may write into one file. A write that
is cut short, by a power cut or a full disk, loses only its own line, which `runs` reports and passes over.
"""

import html
import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from course_utils.names import unknown_name

try:
    import fcntl
except ImportError:  # Windows has no locks of this kind; there, let one process write at a time
    fcntl = None

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PACKAGES = ("course-utils", "numpy")  #: whose versions every run keeps
FRAMEWORKS = ("jax", "keras", "optuna", "scikit-learn", "tensorflow", "torch")  #: and these, if they are imported
MODULES = {"scikit-learn": "sklearn"}


class TrackingWarning(UserWarning):
    """Something in the file could not be read, and was passed over."""


@dataclass
class Run:
    """One training: what went in, and what came out. `seconds`, `state` and `started` are filled in at its end."""

    settings: dict[str, Any]
    seed: int | None = None
    history: Any = field(default_factory=dict)  #: a `nn.training.History`, or a list per name with a number per epoch
    metrics: dict[str, float] = field(default_factory=dict)  #: one number per name
    seconds: float | None = None
    state: str = "running"  #: "done", or what ended it
    started: str = ""  #: date and time, UTC
    versions: dict[str, str] = field(default_factory=dict)
    number: int | None = None  #: its place in the file, from 1

    def value(self, name: str) -> Any:
        """A metric, the last entry of a history, a setting, or one of seed, seconds, state; None if there is none."""
        if name in self.metrics:
            return self.metrics[name]
        if name in self.history:
            return self.history[name][-1] if self.history[name] else None
        if name in self.settings:
            return self.settings[name]
        return getattr(self, name) if name in ("number", "seconds", "seed", "started", "state") else None


class Table:
    """Rows of text under column heads; a notebook shows it as HTML, `print` as text."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], note: str = "") -> None:
        self.columns, self.note = list(columns), note
        self.rows = [[_shown(value) for value in row] for row in rows]

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ["  ".join(f"{cell:>{w}}" for cell, w in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([*text, self.note] if self.note else text)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str) -> str:
            style = 'style="padding: 0 0.5em; text-align: right"'
            return "<tr>" + "".join(f"<{tag} {style}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        head, body = row(self.columns, "th"), "".join(row(cells, "td") for cells in self.rows)
        table = f'<table class="dataframe"><thead>{head}</thead><tbody>{body}</tbody></table>'
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f'<div style="overflow-x: auto" tabindex="0">{table}</div>{note}'


class Tracker:
    """The runs in one file, which is made at the first run; its folder must exist."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise IsADirectoryError(f"{self.path} is a folder: name a file in it, as in {self.path / 'runs.jsonl'}")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {self.path.parent}: make it first")

    @contextmanager
    def run(self, settings: Mapping[str, Any], *, seed: int | None = None) -> Iterator[Run]:
        """Time what happens inside, and append it to the file at the end, whether it succeeds, fails or is stopped.

        Fill in `history` and `metrics` of the run that you are given. An exception goes on its way.
        """
        run = Run(_plain(dict(settings), "settings"), _plain(seed, "seed"))
        clash = sorted({"number", "seconds", "seed", "started", "state"} & set(run.settings))
        if clash:
            raise ValueError(f"every run has {clash[0]!r} already: give the setting another name, or seed=...")
        run.started = datetime.now(UTC).isoformat(timespec="seconds")
        run.versions = versions()
        started = time.perf_counter()

        def end(state: str) -> None:
            run.state, run.seconds = state, round(time.perf_counter() - started, 3)
            self._append(run)

        try:
            yield run
        except BaseException as error:
            try:
                end(type(error).__name__)
            except (TypeError, OSError) as trouble:  # the first error is the one to hear of
                error.add_note(f"Nor could the run be recorded: {trouble}")
            raise
        end("done")

    def _append(self, run: Run) -> None:
        line = json.dumps(_record(run), ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with self.path.open("ab+", buffering=0) as file, _locked(file):
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":  # the line before was cut short: leave it to itself
                    line = b"\n" + line
            try:
                if file.write(line) != len(line):
                    raise OSError(f"{self.path} took only a part of the run: is the disk full?")
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    file.truncate(end)
                raise

    def runs(self) -> list[Run]:
        """All runs, in the order in which they ended. What cannot be read is reported in a warning."""
        found, bad = [], []
        content = self.path.read_bytes() if self.path.exists() else b""
        for number, line in enumerate(content.split(b"\n"), start=1):
            if not line.strip():
                continue
            try:
                found.append(_restored(json.loads(line), number=len(found) + 1))
            except (ValueError, TypeError, AttributeError, KeyError):
                bad.append(number)
        if bad:
            lines = ", ".join(map(str, bad))
            warnings.warn(
                f"{self.path}: line {lines} cannot be read and was passed over; a write was cut short, or the file "
                "was edited by hand. The other runs are whole.",
                TrackingWarning,
                stacklevel=2,
            )
        return found

    def table(
        self, *columns: str, sort: str | None = None, largest_first: bool | None = None, top: int | None = None
    ) -> Table:
        """A row for each run; a column is a setting, a metric, or a history, of which it has the last entry.

        By default all columns in which the runs differ. Sorted by the column `sort`, the best first: losses and errors
        from the smallest, all else from the largest, unless `largest_first` says otherwise. Runs without a number
        there, NaN included, come last. `top` cuts the table.
        """
        runs = self.runs()
        names = _names(runs)
        for name in [*columns, *([sort] if sort else [])]:
            if runs and name not in names:
                raise ValueError(unknown_name("column", name, names))
        if sort:
            falling = not _is_loss(sort) if largest_first is None else largest_first
            runs.sort(key=lambda run: _rank(run.value(sort), falling))
        shown, note = list(columns), ""
        if not columns:
            same = {n: runs[0].value(n) for n in names if len(runs) > 1 and _same([run.value(n) for run in runs])}
            same = {n: v for n, v in same.items() if n in {*runs[0].settings, "seed"}}
            shown = [n for n in names if n not in {*same, "seconds", "started", "number"}]
            shown = [n for n in shown if any(run.value(n) is not None for run in runs)]
            told = ", ".join(f"{n} {_shown(v)}" for n, v in same.items() if v is not None)
            note = f"same in all: {told}" if told else ""
        rows = [[run.number, *(run.value(n) for n in shown)] for run in runs[:top]]
        return Table(["run", *shown], rows, note)

    def plot(self, ax: "Axes", name: str = "val_loss", label: str | None = None, numbers: Sequence[int] = ()) -> None:
        """Draw the history `name` of the runs that have one, each with its value of the setting `label`.

        `numbers` picks some of the runs, by the first column of the table.
        """
        runs = [run for run in self.runs() if not numbers or run.number in numbers]
        if missing := sorted(set(numbers) - {run.number for run in runs}):
            raise ValueError(f"there is no run {missing[0]}; {self.path} has {len(self.runs())}")
        drawn = [run for run in runs if run.history.get(name)]
        if not drawn:
            known = sorted({key for run in runs for key in run.history})
            raise ValueError(unknown_name("history", name, known) if known else f"no run in {self.path} has a history")
        for k, run in enumerate(drawn):
            text = f"{label} = {_shown(run.value(label))}" if label else f"run {run.number}"
            epochs = range(1, len(run.history[name]) + 1)
            ax.plot(epochs, run.history[name], ("-", "--", ":", "-.")[k % 4], label=text)
        ax.set(xlabel="epoch", ylabel=name.replace("val_", "validation ").replace("_", " "))
        ax.legend()


def versions() -> dict[str, str]:
    """The versions of Python, of the packages that every run uses, and of the frameworks that are imported."""
    found = {"python": platform.python_version()}
    for name in PACKAGES + tuple(name for name in FRAMEWORKS if MODULES.get(name, name) in sys.modules):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


@contextmanager
def _locked(file: IO[bytes]) -> Iterator[None]:
    """Let one process at a time write; closing the file would unlock it as well."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_UN)


def _record(run: Run) -> dict[str, Any]:
    """The run as it is written."""
    history = run.history
    if is_dataclass(history):
        history = {part.name: getattr(history, part.name) for part in fields(history)}
    if not isinstance(history, Mapping):
        raise TypeError(
            f"run.history must be a History or a dict with a list of numbers per name, not {type(history).__name__}"
        )
    if not isinstance(run.metrics, Mapping):
        raise TypeError(f"run.metrics must be a dict with a number per name, not {type(run.metrics).__name__}")
    return {
        "settings": run.settings,
        "seed": run.seed,
        "history": {str(n): [_number(v, f"history[{n!r}]") for v in row] for n, row in history.items() if len(row)},
        "metrics": {str(n): _number(v, f"metrics[{n!r}]") for n, v in run.metrics.items()},
        "seconds": run.seconds,
        "state": run.state,
        "started": run.started,
        "versions": run.versions,
    }


def _restored(record: dict[str, Any], number: int) -> Run:
    """A run from what was written."""
    history = {name: [float(v) for v in row] for name, row in record.pop("history").items()}
    metrics = {name: float(v) for name, v in record.pop("metrics").items()}
    run = Run(**record, history=history, metrics=metrics, number=number)
    if not isinstance(run.settings, dict):
        raise TypeError("settings")
    return run


def _number(value: Any, where: str) -> float | int | str:
    """A number as JSON can hold it: NaN and infinity, which it lacks, as text that `float` understands."""
    try:
        value = value if isinstance(value, int) and not isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{where} must be a number, not {type(value).__name__}") from None
    return value if np.isfinite(value) else str(value)


def _plain(value: Any, where: str) -> Any:
    """A setting as JSON can hold it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(part, f"{where}[{name!r}]") for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, where) for part in value]
    raise TypeError(
        f"{where} is a {type(value).__name__}: numbers, text, None, and lists of them can be kept. "
        "Write down what it was made from, as in {'optimizer': 'Adam', 'lr': 0.01}"
    )


def _names(runs: Sequence[Run]) -> list[str]:
    """All columns there are, settings first, each once."""
    names: dict[str, None] = {}
    for part in ("settings", "seed", "history", "metrics"):
        for run in runs:
            names |= dict.fromkeys([part] if part == "seed" else getattr(run, part))
    times = [name for name in names if name == "seconds"]  # the seconds of each epoch, in a History
    for name in times:
        del names[name]
    return [*names, "seconds", "started", "state", "number"]


def _same(values: Sequence[Any]) -> bool:
    return all(value == values[0] for value in values)


def _is_loss(name: str) -> bool:
    return any(word in name for word in ("loss", "error", "regret", "seconds", "number", "started"))


def _rank(value: Any, falling: bool) -> tuple:
    """What to sort by: numbers, then text, then what is missing."""
    if isinstance(value, bool) or value is None or (isinstance(value, float) and np.isnan(value)):
        return (2, 0, "")
    if isinstance(value, int | float):
        return (0, -value if falling else value, "")
    return (1, 0, str(value))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
