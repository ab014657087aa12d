"""What the tests watch on this machine: who calls a server on the loopback interface, and which processes stay."""

import contextlib
import ctypes
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from course_utils.grading.sandbox.launch import alive, family

PR_SET_CHILD_SUBREAPER = 36


class Hub:
    """Listens as a Jupyter hub would, on a port and on a socket with an abstract name, and counts who comes."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(f"\0hub-{self.port}")
        self.unix.listen()
        self.visits = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # it was shut down
                return
            self.visits += 1
            with connection:
                connection.settimeout(1)
                connection.recv(1000)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nwelcome")


@contextlib.contextmanager
def running_hub() -> Iterator[Hub]:
    """A server that nobody is to reach."""
    hub = Hub()
    listeners = (hub.tcp, hub.unix)
    threads = [threading.Thread(target=hub.serve, args=(listener,)) for listener in listeners]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for listener in listeners:
            listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for listener in listeners:
            listener.close()


@contextlib.contextmanager
def reaper() -> Iterator[None]:
    """Meanwhile every process that loses its parent becomes a child of this one, where it can be seen."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def processes() -> set[int]:
    """What has come from this process and is alive, without what Python keeps for later processes."""
    pids = {pid for pid in family(os.getpid()) if alive(pid)}
    return {pid for pid in pids if b"multiprocessing" not in command_line(pid)}


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it is gone
        return b""


def left_over(before: set[int]) -> list[str]:
    """The processes that are new, after they had some time to end."""
    until = time.monotonic() + 10
    while (new := processes() - before) and time.monotonic() < until:
        time.sleep(0.1)
    return [repr(command_line(pid)) for pid in new]
