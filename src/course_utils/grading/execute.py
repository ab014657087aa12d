"""Run one sanitized notebook in a sandbox, cell by cell, and bring back what it showed.

A cell that ends badly costs itself and nothing else. If it takes the process down (a segfault, `os._exit`, too much
memory, a loop that will not be interrupted), a new process replays the cells around it.
"""

import contextlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from course_utils.grading.mutants import Mutant, mutants
from course_utils.grading.sandbox.confine import MB, Limits
from course_utils.grading.sandbox.launch import Confined, Sandbox
from course_utils.grading.sandbox.wire import WireError
from course_utils.handover import HandoverError, decode

GRACE_SECONDS = 2.0  #: between the interrupt of a cell that takes too long and the end of its process
LOOK_SECONDS = 0.1  #: between two looks at what the processes use
PIECE = 4 * MB  #: of a file in base64 that is sent at a time; a multiple of four letters
LONG_SECONDS = 5.0  #: a test that takes longer is not run a second time
OUTPUT_BYTES = 500  #: that an output takes here, even if it is empty
MOST_ALARMS = 5  #: of a cell
MOST_LOSSES = 4  #: processes that a submission may bring down

ENDINGS = {
    "timeout": ("Timeout", "this cell ran longer than the grader allows. Is there a loop that never ends?"),
    "memory": ("MemoryLimit", "this cell needed more memory than the grader allows, {memory} MB."),
    "died": ("KernelDied", "the process that ran this cell ended: by os._exit, a crash, or a signal."),
    "flood": ("OutputLimit", "this cell showed more than the grader reads."),
    "cpu": (
        "CpuLimit",
        "the notebook used more processor time than the grader allows, {cpu:.0f} s.",
    ),
    "budget": ("TimeBudget", "not run: the notebook as a whole took longer than the grader allows, {seconds:.0f} s."),
    "losses": ("KernelDied", "not run: too many cells before it ended the process they ran in."),
}
NOT_SHOWN = ("Error", "this cell failed, and its error was kept from being shown.")


class Cell(NamedTuple):
    """A code cell to run."""

    source: str
    test: bool  #: one of ours that is graded: its source is not shown in a traceback


@dataclass
class CellRun:
    """How a cell went: `ending` is ok, error, or a key of ENDINGS."""

    ending: str
    seconds: float = 0.0
    outputs: list[dict[str, Any]] = field(default_factory=list)
    handed: dict[str, Any] | None = None  #: what a test has handed over, as `handover.encode` makes it


@dataclass
class Execution:
    """How a notebook went: its code cells in order, what was suspicious, what it used."""

    cells: list[CellRun]
    alarms: list[str]
    seconds: float
    cpu_seconds: float
    memory: int  #: bytes, at most
    sandboxed: bool = True


class ProcessLost(Exception):  # noqa: N818
    """The process is gone, or had to be ended; its word is a key of ENDINGS."""


def execute(
    sandbox: Sandbox,
    cells: Sequence[Cell],
    files: Mapping[str, str],
    limits: Limits,
    seed: int,
    watch: Callable[[int], None] = lambda k: None,
) -> Execution:
    """Run `cells` in a fork of `sandbox`, with `files`, base64 by name, in the working folder.

    `seed` draws the canaries, tests that must fail, one for each real test; nobody may know it before.
    `watch` is told the number of each cell that begins.
    """
    run = _Run(sandbox, limits, random.Random(seed))
    started = time.monotonic()
    done: dict[int, CellRun] = {}
    deadly: set[int] = set()
    doubtful: set[int] = set()
    finished = False
    while not finished and len(deadly) <= MOST_LOSSES and run.time_left:
        k = -1
        try:
            run.start(files)
            for k, cell in enumerate(cells):
                if k in deadly or not run.time_left:
                    continue
                watch(k)
                if cell.test and (k not in done or k in doubtful):
                    done[k], doubt = run.test(cell, first=k in doubtful)
                    (doubtful.add if doubt else doubtful.discard)(k)
                else:
                    result = run.cell(cell)
                    done.setdefault(k, result)
            finished = not doubtful
        except ProcessLost as lost:
            if k in done:
                run.alarms.add("the process ended where it had not before")
            done.setdefault(k, CellRun(str(lost)))
            deadly.add(k)
        finally:
            run.stop()
    left = "losses" if len(deadly) > MOST_LOSSES else "budget"
    runs = [done.get(k) or CellRun(left) for k in range(len(cells))]
    for cell_run in runs:
        if cell_run.ending in ENDINGS:
            cell_run.outputs.append(ending_as_output(cell_run.ending, limits))
    seconds = time.monotonic() - started
    return Execution(runs, sorted(run.alarms), seconds, run.cpu_seconds, run.memory, sandbox.confined)


class _Run:
    """The processes of one execution, one after the other, and what they used and showed."""

    process: Confined

    def __init__(self, sandbox: Sandbox, limits: Limits, rng: random.Random) -> None:
        self.sandbox, self.limits, self.rng = sandbox, limits, rng
        self.until = time.monotonic() + limits.total_seconds
        self.alarms: set[str] = set()
        self.cpu_seconds = 0.0
        self.memory = 0
        self.number = 0

    @property
    def seconds_left(self) -> float:
        return self.until - time.monotonic()

    @property
    def time_left(self) -> bool:
        return self.seconds_left > 0 and self.cpu_seconds < self.limits.cpu_seconds

    def start(self, files: Mapping[str, str]) -> None:
        self.process = self.sandbox.fork(self.limits)
        self.kept = 0  #: bytes of outputs
        for name, content in files.items():
            for start in range(0, max(len(content), 1), PIECE):
                self.process.wire.send({"file": name, "content": content[start : start + PIECE]}, timeout=30)

    def stop(self) -> None:
        self.cpu_seconds += self.process.look().cpu_seconds
        self.process.kill()

    def cell(self, cell: Cell) -> CellRun:
        """Run one cell; raises `ProcessLost` if there is no process any more that could run the next."""
        self.number += self.rng.randrange(1, 1000)
        started = time.monotonic()
        deadline = started + min(self.limits.cell_seconds, self.seconds_left)
        run = CellRun("ok")
        try:
            self.process.wire.send({"run": cell.source, "n": self.number, "test": cell.test}, timeout=10)
            done = self._listen(run, deadline)
            if done is None:
                self.process.interrupt()
                run.ending = "timeout"
                done = self._listen(run, time.monotonic() + GRACE_SECONDS)
        except WireError:
            raise ProcessLost("died") from None
        if done is None:
            raise ProcessLost("timeout")
        alarms = done.get("alarms")
        if done["done"] != self.number or not isinstance(alarms, list):
            self.alarms.add("a result came for a cell that was not running")
        else:
            self.alarms.update(str(alarm)[:200] for alarm in alarms[:MOST_ALARMS])
        run.seconds = time.monotonic() - started
        shown = any(output["output_type"] == "error" for output in run.outputs)
        if run.ending == "ok" and (shown or done.get("ok") is not True):
            run.ending = "error"
            run.outputs += [] if shown else [error_output(*NOT_SHOWN)]
        return run

    def _listen(self, run: CellRun, deadline: float) -> dict[str, Any] | None:
        """Collect the outputs of the running cell, until it is done or the time has come."""
        most = self.process.wire.received + 3 * self.limits.total_output
        looked = time.monotonic()
        while (now := time.monotonic()) < deadline:
            message = self.process.wire.receive(min(LOOK_SECONDS, deadline - now))
            if message is not None and "done" in message:
                return message
            if message is not None:
                self._keep(message, run)
            if self.process.wire.received > most:
                raise ProcessLost("flood")
            if now - looked > LOOK_SECONDS:
                looked = now
                use = self.process.look()
                memory = use.memory if use.memory <= self.limits.memory else self.process.memory_shared()
                self.memory = max(self.memory, memory)
                if memory > self.limits.memory:
                    raise ProcessLost("memory")
                if self.cpu_seconds + use.cpu_seconds > self.limits.cpu_seconds:
                    raise ProcessLost("cpu")
        return None

    def _keep(self, message: dict[str, Any], run: CellRun) -> None:
        if message.get("clear"):
            run.outputs = [output for output in run.outputs if output["output_type"] == "error"]
            return
        if "handed" in message:
            with contextlib.suppress(HandoverError):  # what is no arrays is not carried further
                decode(message["handed"])
                run.handed = message["handed"]
            return
        output = accepted(message.get("output"))
        if output is None:
            raise ProcessLost("died")
        self.kept += OUTPUT_BYTES + len(str(output))
        if self.kept > 3 * self.limits.total_output:
            raise ProcessLost("flood")
        last = run.outputs[-1] if run.outputs else {}
        if output["output_type"] == "stream" and (last.get("output_type"), last.get("name")) == (
            "stream",
            output["name"],
        ):
            last["text"] += output["text"]
        else:
            run.outputs.append(output)

    def test(self, cell: Cell, first: bool) -> tuple[CellRun, bool]:
        """Run a test, and as a canary one that must fail; the submission cannot tell which of the two comes first.

        A test that fails after its canary may have met what the canary has left behind: whether it does is told too,
        and then it has to be tried `first`, in another process.
        """
        canary = self.rng.choice(mutants(cell.source, self.rng) or [self.impossible()])
        turned = Cell(canary.source, test=True)
        before = None if first or self.rng.random() < 0.5 else self.cell(turned)
        result = self.cell(cell)
        other = before or (self.cell(turned) if result.seconds < LONG_SECONDS else None)
        if other is not None and other.ending == "ok" and (canary.strict or result.ending == "ok"):
            self.alarms.add("a test that must fail did not fail")
        return result, before is not None and result.ending == "error"

    def impossible(self) -> Mutant:
        """A test that no code passes."""
        a, b = self.rng.random(), self.rng.random()
        return Mutant(f"from course_utils.checks import check_close\ncheck_close({a}, {b})\nassert {a} == {b}", True)


def accepted(output: object) -> dict[str, Any] | None:
    """An output in the form of nbformat, made anew from what the sandbox has sent; None if it is not one."""
    if not isinstance(output, dict):
        return None
    kind = output.get("output_type")
    if kind == "stream" and output.get("name") in ("stdout", "stderr"):
        return {"output_type": kind, "name": output["name"], "text": text(output.get("text", ""))}
    if kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
        data = {text(mime): text(value) for mime, value in output["data"].items() if isinstance(value, str)}
        kept = {"output_type": kind, "data": data, "metadata": {}}
        return kept | ({"execution_count": None} if kind == "execute_result" else {})
    if kind == "error" and isinstance(output.get("traceback"), list):
        told = {key: text(output.get(key, "")) for key in ("ename", "evalue")}
        return {"output_type": kind, **told, "traceback": [text(line) for line in output["traceback"]]}
    return None


def text(value: object) -> str:
    """Text that can be written to a file: half a surrogate cannot."""
    return str(value).encode("utf-8", "replace").decode()


def ending_as_output(ending: str, limits: Limits) -> dict[str, Any]:
    """What the student reads below a cell that was ended."""
    name, text = ENDINGS[ending]
    return error_output(
        name, text.format(memory=limits.memory // MB, seconds=limits.total_seconds, cpu=limits.cpu_seconds)
    )


def error_output(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}
