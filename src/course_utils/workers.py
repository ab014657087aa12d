"""Many jobs on many cores, or on a Dask cluster: the results as they come, and a line that says how far it is."""

import contextlib
import contextvars
import functools
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from course_utils.physics.extras import require

if TYPE_CHECKING:
    import distributed

Job, Result = TypeVar("Job"), TypeVar("Result")
Run = Callable[[Callable[[Job], Result], Sequence[Job]], Iterable[tuple[Job, Callable[[], Result]]]]
Listener = Callable[[str, str], None]

_tell: contextvars.ContextVar[Listener] = contextvars.ContextVar("tell", default=lambda name, state: None)


class WorkersError(ValueError):
    """The workers that were asked for cannot be had; the message says what to do."""


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tell(name: str, state: str) -> None:
    """From within a job: how far the thing called `name` is, to whoever has started the jobs."""
    _tell.get()(name, state)


@contextlib.contextmanager
def runner(
    folder: Path,
    n_jobs: int,
    workers: int | None,
    scheduler: str | None,
    extra: str,
    listen: Listener = lambda name, state: None,
) -> Iterator[Run]:
    """A function that does jobs, and yields each with a way to its result, in whatever order they are ready.

    Calling that way gives the result, or raises what the job has raised. Scratch files lie in `folder`; `extra` is the
    part of the course that brings Dask. What jobs `tell` comes to `listen`, in any thread.
    """
    if workers is not None and workers < 1:
        raise WorkersError(f"--workers {workers} do nothing: choose at least 1.")
    workers = min(workers or cores(), n_jobs)
    if n_jobs == 0 or (workers == 1 and scheduler is None):
        yield lambda function, jobs: ((job, functools.partial(_telling, listen, function, job)) for job in jobs)
        return
    with _client(folder, workers, scheduler, extra) as client:
        topic = f"course-{uuid.uuid4()}"  # others may use the same cluster
        client.subscribe_topic(topic, lambda event: listen(*event[1]))
        yield lambda function, jobs: _as_completed(
            client, functools.partial(_telling, functools.partial(_log, topic), function), jobs
        )


def _telling(listen: Listener, function: Callable[[Job], Result], job: Job) -> Result:
    token = _tell.set(listen)
    try:
        return function(job)
    finally:
        _tell.reset(token)


def _log(topic: str, name: str, state: str) -> None:
    from distributed import get_worker

    get_worker().log_event(topic, (name, state))


def _as_completed(
    client: "distributed.Client", function: Callable[[Job], Result], jobs: Sequence[Job]
) -> Iterator[tuple[Job, Callable[[], Result]]]:
    from distributed import as_completed

    with warnings.catch_warnings():  # students hand in data files, and Dask has an opinion on that
        warnings.filterwarnings("ignore", "Sending large graph")
        futures = dict(zip(client.map(function, jobs, pure=False), jobs, strict=True))
    for future in as_completed(list(futures), loop=client.loop):
        yield futures.pop(future), future.result
        future.release()


@contextlib.contextmanager
def _client(folder: Path, workers: int, scheduler: str | None, extra: str) -> Iterator["distributed.Client"]:
    """Dask: the cluster at the address `scheduler`, or processes on this machine."""
    (distributed,) = require("distributed", extra=extra)
    if scheduler is not None:
        try:
            remote = distributed.Client(scheduler, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise WorkersError(f"No Dask scheduler at {scheduler} ({reason}): start one with dask scheduler.") from None
        with remote as client:
            yield client
        return
    # Scratch files lie in the folder, to be found after a kill. Dask's own page gets any free port, of this machine
    # alone: its usual one may be taken by another cluster, and Dask would warn.
    with (
        tempfile.TemporaryDirectory(prefix=".dask-", dir=folder) as scratch,
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
            security=True,  # certificates for this run: who else is on this machine cannot join in
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


class Progress:
    """A line on the terminal that says how far it is; nothing where nobody watches."""

    def __init__(self, total: int, done: int, unit: str) -> None:
        self.total, self.done, self.made, self.unit = total, done, 0, unit
        self.states: dict[str, str] = {}
        self.ended: set[str] = set()  # news of them may still be on its way
        self.started = time.monotonic()
        self.shown = sys.stderr.isatty()
        self.lock = threading.Lock()

    def __enter__(self) -> "Progress":
        self._show()
        return self

    def __exit__(self, *_: object) -> None:
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def add(self, n: int) -> None:
        """`n` more are done."""
        self.done, self.made = self.done + n, self.made + n
        self._show()

    def state(self, name: str, state: str) -> None:
        """How far one of those is that are under way; an empty `state` ends it."""
        with self.lock:
            if not state:
                self.states.pop(name, None)
                self.ended.add(name)
            elif name not in self.ended:
                self.states[name] = state
        self._show()

    def line(self) -> str:
        bar = "█" * (24 * self.done // max(self.total, 1))
        line = f"{bar:·<24} {self.done:,} of {self.total:,} {self.unit}"
        if self.made:
            rate = self.made / (time.monotonic() - self.started)
            left = (self.total - self.done) / rate
            line += f", {rate:.1f}/s, {left // 60:.0f}:{left % 60:02.0f} left"
        return "  ".join([line, *(f"{name} {state}" for name, state in self.states.items())])

    def _show(self) -> None:
        if not self.shown:
            return
        with self.lock:
            room = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{self.line()[:room]}", end="", file=sys.stderr, flush=True)
