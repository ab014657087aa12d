"""The fork server, inside bubblewrap: it imports once what an assignment needs, and forks once per submission.

It never runs an operation of the libraries it imports, so that no thread and no lock is copied by a fork. `launch`
starts it, with one end of the control socket.
"""

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from course_utils.grading.sandbox import confine
from course_utils.grading.sandbox.kernel import Kernel
from course_utils.grading.sandbox.wire import Wire, WireError


def main(control_fd: int, confined: bool, modules: Sequence[str]) -> None:
    """Import `modules` and serve until the grader closes the control socket."""
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    missing = [module for module in modules if not _imported(module)]
    gc.collect()
    gc.freeze()  # what is loaded stays shared between the forks
    Wire(control).send({"missing": missing, "threads": len(list(Path("/proc/self/task").iterdir()))})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no submission is waited for: the system reaps it
    while True:
        data, fds, _, _ = socket.recv_fds(control, 4096, 1)
        if not data:
            return
        if os.fork() == 0:
            control.close()
            serve = serve_one if confined else serve_unconfined
            serve(Wire(socket.socket(fileno=fds[0])), confine.Limits.from_json(data))
        os.close(fds[0])


def _imported(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def serve_one(wire: Wire, limits: confine.Limits) -> NoReturn:
    """Three generations: this process makes the namespaces, its child is their process 1, its grandchild the kernel."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with reported(wire):
        confine.enter_namespaces()
        if os.fork() == 0:
            be_first_process(wire, limits)
    wire.sock.close()
    os.wait()
    os._exit(0)


def be_first_process(wire: Wire, limits: confine.Limits) -> NoReturn:
    """Wait for the kernel, and take everything else in the namespaces with it when it ends."""
    with reported(wire):
        confine.die_with_parent()
        confine.own_places(limits)
        kernel = os.fork()
        if kernel == 0:
            be_kernel(wire, limits)
        wire.sock.close()
        confine.drop_privileges()
        confine.hide_from_siblings()
        confine.filter_system_calls()
        while os.wait()[0] != kernel:
            pass
    os._exit(0)


def serve_unconfined(wire: Wire, limits: confine.Limits) -> NoReturn:
    """The same in two generations and without any wall, for where no sandbox can be had and all code is trusted."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with reported(wire), tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        kernel = os.fork()
        if kernel == 0:
            be_kernel(wire, limits, confined=False)
        wire.sock.close()
        os.waitpid(kernel, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(kernel, signal.SIGKILL)  # what it has left behind
    os._exit(0)


def be_kernel(wire: Wire, limits: confine.Limits, confined: bool = True) -> NoReturn:
    with reported(wire):
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        if confined:
            confine.set_limits(limits)
            confine.drop_privileges()
            confine.filter_system_calls()
        wire.sock.send(b"\0")  # the system tells the grader who has sent it
        with contextlib.suppress(WireError):  # the grader has gone, and has what it wants
            Kernel(wire, limits).serve()
    os._exit(0)


@contextlib.contextmanager
def reported(wire: Wire) -> Iterator[None]:
    """What goes wrong before the student's code runs is the grader's to know."""
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(WireError):
            wire.sock.send(b"\0")
            wire.send({"broken": f"{type(error).__name__}: {error}"})
        os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] == "confined", sys.argv[3:])
