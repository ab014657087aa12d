"""The notebook kernel that runs a submission: IPython's shell, with a socket in place of Jupyter's five.

It speaks as little as grading needs: `{"run": source}` comes in; what the cell shows goes out piece by piece, as
outputs in the form of nbformat; `{"done": …}` ends it. Nothing that it says is evidence: the student's code runs in the
same process and can say the same.
"""

import contextlib
import io
import itertools
import linecache
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets import Type

from course_utils import checks, handover
from course_utils.grading.sandbox.confine import Limits
from course_utils.grading.sandbox.integrity import Snapshot
from course_utils.grading.sandbox.wire import LARGEST, Wire

PIECE = 32_000  #: characters of text sent at a time
TOOLS = {name: tool for name, tool in vars(checks).items() if name.startswith("check_")} | {"np": np}
NO_INPUT = "input() has nobody to ask when a notebook is graded: put the value into the notebook"


class Outlet:
    """Sends what a cell shows, up to its limits; what is beyond them is dropped, with a note."""

    def __init__(self, wire: Wire, limits: Limits) -> None:
        self.wire, self.limits = wire, limits
        self.total = self.cell = 0
        self.lock = threading.RLock()

    def new_cell(self) -> None:
        self.cell = 0

    def send(self, output: dict[str, Any], size: int, *, always: bool = False) -> None:
        with self.lock:
            room = min(self.limits.cell_output - self.cell, self.limits.total_output - self.total)
            if room < 0 and not always:
                return
            self.cell += size
            self.total += size
            if size > room and not always:
                output = {"output_type": "stream", "name": "stderr", "text": "… output cut: the cell shows too much\n"}
            self.wire.send({"output": output})


class Stream(io.TextIOBase):
    """sys.stdout or sys.stderr."""

    def __init__(self, name: str, outlet: Outlet) -> None:
        self.name, self.outlet = name, outlet
        self.text: list[str] = []
        self.waiting = 0

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        for start in range(0, len(text), PIECE):
            piece = text[start : start + PIECE]
            self.text.append(piece)
            self.waiting += len(piece)
            if self.waiting >= PIECE:
                self.flush()
        return len(text)

    def flush(self) -> None:
        text, self.text, self.waiting = "".join(self.text), [], 0
        if text:
            text = text.encode("utf-8", "replace").decode()
            self.outlet.send({"output_type": "stream", "name": self.name, "text": text}, len(text.encode()))


class Publisher(DisplayPublisher):
    """display(…)"""

    outlet = AnyTrait()

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **kwargs) -> None:
        flush()
        output = {"output_type": "display_data", "data": encodable(data), "metadata": encodable(metadata or {})}
        self.outlet.send(output, size_of(output))

    def clear_output(self, wait: bool = False) -> None:
        flush()
        self.outlet.wire.send({"clear": True})


class LastValue(DisplayHook):
    """The value of the last line of a cell."""

    outlet = AnyTrait()

    def write_output_prompt(self) -> None:
        flush()

    def write_format_data(self, format_dict, md_dict=None) -> None:
        self.data, self.metadata = encodable(format_dict), encodable(md_dict or {})

    def finish_displayhook(self) -> None:
        output = {
            "output_type": "execute_result",
            "execution_count": self.shell.execution_count,
            "data": self.data,
            "metadata": self.metadata,
        }
        self.outlet.send(output, size_of(output))


class Compiler(CachingCompiler):
    """IPython's, but the source of a test is not to be had from `inspect`."""

    def __init__(self) -> None:
        super().__init__()
        self.test = False  #: whether the cell that runs is a test
        self.tests: set[str] = set()  #: the names that their code has got

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        name = super().cache(transformed_code, number, raw_code)
        if self.test:
            self.tests.add(name)
            linecache.cache.pop(name, None)
        return name


class Shell(InteractiveShell):
    """IPython's shell, as a notebook has it."""

    compiler_class = Type(Compiler)
    display_pub_class = Type(Publisher)
    displayhook_class = Type(LastValue)
    outlet = AnyTrait()

    def init_displayhook(self) -> None:
        super().init_displayhook()
        self.displayhook.outlet = self.display_pub.outlet = self.outlet

    def init_io(self) -> None:
        """sys.stdout and sys.stderr are ours already."""

    def enable_gui(self, gui: str | None = None) -> None:
        """A notebook has no windows."""

    @contextlib.contextmanager
    def unheard(self) -> Iterator[None]:
        """No callback of the student's is told what is run."""
        callbacks = self.events.callbacks
        self.events.callbacks = {event: [] for event in callbacks}
        try:
            yield
        finally:
            self.events.callbacks = callbacks

    def showtraceback(self, *args, **kwargs) -> None:
        etype, evalue, tb = sys.exc_info()
        if etype is not None and (
            self.compile.test or issubclass(etype, RecursionError)
        ):  # IPython takes seconds for those
            self._showtraceback(etype, evalue, [*students_frames(self, tb), f"{etype.__name__}: {evalue}"])
        else:
            super().showtraceback(*args, **kwargs)

    def _format_exception_for_storage(self, *args, **kwargs) -> list[str]:
        """Nobody asks for the history of errors, and IPython would format each a second time for it."""
        return []

    def _showtraceback(self, etype, evalue, stb) -> None:
        flush()
        error = {
            "output_type": "error",
            "ename": str(etype.__name__)[:200],
            "evalue": clean(str(evalue))[:20_000],
            "traceback": [clean(line)[:20_000] for line in stb[-40:]],
        }
        self.outlet.send(error, size_of(error), always=True)


class Kernel:
    """Runs cells, one at a time, until the grader closes the socket."""

    def __init__(self, wire: Wire, limits: Limits) -> None:
        self.wire = wire
        self.outlet = Outlet(wire, limits)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stdout, sys.stderr = Stream("stdout", self.outlet), Stream("stderr", self.outlet)
        sys.stdin = io.StringIO()
        # What is installed wins over a file of the student's with the same name.
        sys.path = [path for path in sys.path if path not in ("", str(Path.cwd()))] + [str(Path.cwd())]
        Shell.clear_instance()
        self.shell = Shell.instance(outlet=self.outlet, user_ns={"__name__": "__main__"})
        self.shell.user_ns["input"] = refuse_input
        if "matplotlib" in sys.modules:  # imported by the fork server, before there was a shell to show figures in
            self.shell.enable_matplotlib("inline")
        handover.receiver = lambda encoded: self.wire.send({"handed": encoded})
        self.snapshot = Snapshot(self.shell)

    def serve(self) -> None:
        while True:
            message = self.wire.receive()
            if "file" in message:
                unpack(Path(message["file"]), message["content"])
            if "run" in message:
                self.run(message["run"], message["n"], test=message["test"])

    def run(self, source: str, n: int, *, test: bool) -> None:
        self.outlet.new_cell()
        self.shell.compile.test = test
        if test:  # judged by what the test means, whatever the student has given that name to
            mine = self.shell.user_ns
            mine.update((name, tool) for name, tool in TOOLS.items() if name in mine)
        ok, pid = False, os.getpid()
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            with self.shell.unheard() if test else contextlib.nullcontext():
                ok = bool(self.shell.run_cell(source, store_history=not test).success)
            flush()
        except KeyboardInterrupt:
            pass
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if os.getpid() != pid:  # a fork that has come back from the cell is no second kernel
                os._exit(0)
        alarms = list(itertools.islice(self.snapshot.changes(), 5)) if test else []
        self.wire.send({"done": n, "ok": ok, "alarms": alarms})


def students_frames(shell: Shell, tb: TracebackType | None) -> list[str]:
    """The last lines of a traceback that lie in cells; not those of the cell that was run, if that is a test."""
    cells = dict(shell.compile._filename_map)
    places = [(frame, line) for frame, line in traceback.walk_tb(tb) if frame.f_code.co_filename in cells]
    running = places[0][0].f_code.co_filename if shell.compile.test and places else None
    shown = [(frame, line) for frame, line in places if frame.f_code.co_filename != running]
    return [
        f"In [{cells[frame.f_code.co_filename]}], line {line}, in {frame.f_code.co_name}: "
        + linecache.getline(frame.f_code.co_filename, line).strip()
        for frame, line in shown[-10:]
    ]


def unpack(path: Path, content: str) -> None:
    """Add a piece, base64, to a file of the student's in the working folder; its name has been checked."""
    import base64

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(base64.b64decode(content))


def refuse_input(prompt: object = "") -> str:
    raise EOFError(NO_INPUT)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Stream):
            stream.flush()


def clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def encodable(bundle: Any) -> dict[str, Any]:
    """A display bundle as JSON can carry it: bytes as base64, everything unknown as its text."""
    from base64 import b64encode

    def simple(value: Any) -> Any:
        if isinstance(value, bytes):
            return b64encode(value).decode()
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, dict):
            return {str(key): simple(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [simple(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return clean(str(value))

    return simple(dict(bundle))


def size_of(output: dict[str, Any]) -> int:
    size = len(str(output))
    return size if size < LARGEST // 2 else LARGEST
