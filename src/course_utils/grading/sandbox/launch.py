"""Start a fork server in a sandbox of bubblewrap's, and processes in it, from the outside."""

import contextlib
import os
import resource
import shutil
import signal
import site
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import course_utils
from course_utils.grading.sandbox.confine import WORK, Limits
from course_utils.grading.sandbox.wire import Wire, WireError

START_SECONDS = 120.0  #: for the server to import what it is told to
FORK_SECONDS = 30.0
NOBODY = 65534
PAGE = resource.getpagesize()
TICKS = os.sysconf("SC_CLK_TCK")
CREDENTIALS = struct.Struct("3i")


class SandboxError(Exception):
    """The sandbox cannot be had; the message says what to do."""


def find_bubblewrap() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise SandboxError("Grading runs students' code in a sandbox and needs bubblewrap: apt install bubblewrap")
    return path


def visible_folders() -> list[Path]:
    """What of this machine a sandbox sees, read-only: the system's programs, this Python, the course's package."""
    folders = [Path("/usr"), *map(Path, site.getsitepackages()), Path(sys.prefix), Path(sys.base_prefix)]
    folders += [Path(course_utils.__file__).parent, Path(sys.executable).resolve().parent.parent]
    folders += [path for path in map(Path, ("/bin", "/lib", "/lib64", "/sbin", "/etc/fonts", "/etc/alternatives"))]
    folders += [Path("/etc/ld.so.cache"), Path("/etc/localtime")]
    outermost = []
    for folder in sorted({folder for folder in folders if folder.exists()}):
        if not any(folder.is_relative_to(other) for other in outermost if not other.is_symlink()):
            outermost.append(folder)
    return outermost


def view(tmp_size: int | None = None) -> list[str]:
    """The arguments of bubblewrap that make the file system of a sandbox; `tmp_size` bounds its /tmp, in bytes."""
    arguments: list[str] = []
    for folder in visible_folders():
        for parent in reversed(folder.parents[:-1]):
            arguments += ["--dir", str(parent), "--chmod", "0755", str(parent)]
        if folder.is_symlink():
            arguments += ["--symlink", str(folder.readlink()), str(folder)]
        else:
            arguments += ["--ro-bind", str(folder), str(folder)]
    size = ["--size", str(tmp_size)] if tmp_size else []
    return [*arguments, *size, "--tmpfs", "/tmp", "--dir", "/home", "--dir", WORK]


ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": WORK,
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "IPYTHONDIR": "/tmp/ipython",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "NBGRADER_EXECUTION": "autograde",
}


def command(program: Sequence[str]) -> list[str]:
    """`program` in a sandbox: namespaces of its own, no capability, no network, the file system of `view`.

    bubblewrap is run by an ordinary user. Where the grader is root, it first becomes nobody, behind a bubblewrap that
    does no more than make root's Python reachable.
    """
    bwrap = find_bubblewrap()
    inner = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--hostname", "grader"]
    for name, value in ENVIRONMENT.items():
        inner += ["--setenv", name, value]
    inner += [*view(), "--dev", "/dev", "--proc", "/proc"]
    # Each submission gets its own /tmp, /dev/shm and working folder; what is left would be shared by them all.
    inner += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--", *program]
    return by_nobody(inner) if os.geteuid() == 0 else inner


def by_nobody(program: Sequence[str]) -> list[str]:
    """`program` run by nobody, in the file system of `view`, for root."""
    become_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    outer = [find_bubblewrap(), "--die-with-parent", *view(), "--dev", "/dev", "--bind", "/proc", "/proc"]
    return [*outer, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--", *become_nobody, "--", *program]


class Sandbox:
    """A fork server with `modules` imported, in a sandbox. Use it in a `with`, or `close` it.

    Not `confined`, there is no sandbox: what is forked has the rights of the grader, in an empty folder.
    """

    def __init__(self, modules: Sequence[str] = (), confined: bool = True) -> None:
        self.confined = confined
        self.said = os.fdopen(os.memfd_create("stderr"), "r+b")
        ours, theirs = socket.socketpair()
        with ours, theirs:
            program = [
                sys.executable,
                "-I",
                "-m",
                "course_utils.grading.sandbox.server",
                str(theirs.fileno()),
                "confined" if confined else "unconfined",
                *modules,
            ]
            self.process = subprocess.Popen(
                command(program) if confined else program,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.said,
                env={"PATH": os.environ.get("PATH", os.defpath)} if confined else ENVIRONMENT,
            )
            theirs.close()
            self.control = socket.socket(fileno=ours.detach())
        try:
            ready = Wire(self.control).receive(START_SECONDS)
        except WireError:
            ready = None
        if ready is None:
            self.process.kill()
            self.process.wait()
            self.said.seek(0)
            said = self.said.read().decode(errors="replace").strip()
            self.close()
            raise SandboxError(f"The sandbox did not start: {said or 'it said nothing'}")
        self.missing: list[str] = ready["missing"]
        self.threads: int = ready["threads"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server, and with it everything that was forked from it."""
        self.control.close()
        self.process.kill()
        self.process.wait()
        self.said.close()

    def fork(self, limits: Limits) -> "Confined":
        """A new process for one submission, in namespaces and limits of its own."""
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with theirs:
            try:
                socket.send_fds(self.control, [limits.to_json()], [theirs.fileno()])
            except OSError:
                raise SandboxError("The fork server is gone.") from None
        return Confined(ours)


class Use(NamedTuple):
    """What a submission uses."""

    memory: int  #: bytes, of all its processes, beyond what the fork server had loaded
    cpu_seconds: float  #: of the processes that are alive, and of those that they or process 1 have waited for


class Confined:
    """A process in the sandbox, as the grader sees it: a wire to it, its process id, what it uses."""

    def __init__(self, sock: socket.socket) -> None:
        self.wire = Wire(sock)
        sock.settimeout(FORK_SECONDS)
        try:
            _, ancillary, _, _ = sock.recvmsg(1, socket.CMSG_SPACE(CREDENTIALS.size))
            self.pid = CREDENTIALS.unpack(ancillary[0][2])[0]
            self.pidfd = os.pidfd_open(self.pid)
        except (OSError, IndexError) as error:
            sock.close()
            raise SandboxError(f"The sandbox did not fork: {error}") from None
        self.first = parent_of(self.pid)  # process 1 of the namespaces
        self.loaded = memory_of(self.pid)

    def interrupt(self) -> None:
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the process and everything it has started, and wait until it is gone."""
        self._signal(signal.SIGKILL)  # its process 1 sees that, ends, and the namespace with it
        self.wire.sock.close()
        until = time.monotonic() + 5
        while self.first is not None and time.monotonic() < until and alive(self.first):
            time.sleep(0.005)
        os.close(self.pidfd)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self.pidfd, number)

    def look(self) -> Use:
        """What the processes of the submission use now; what they share counts for each."""
        pids = list(family(self.first))
        reaped = cpu_seconds_of(self.first) if self.first is not None else 0.0
        return Use(sum(max(0, memory_of(pid) - self.loaded) for pid in pids), reaped + sum(map(cpu_seconds_of, pids)))

    def memory_shared(self) -> int:
        """The memory of the processes, in bytes, where what they share counts once; it takes longer than `look`."""
        return max(0, sum(map(share_of, family(self.first))) - self.loaded)


# ── What the system tells of processes ──────────────────────────────────────────────────────────────────────────


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third on, or none if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return []


def parent_of(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def alive(pid: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def memory_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def share_of(pid: int) -> int:
    """The memory of a process, of which a page that is shared by n processes is one n-th."""
    try:
        fields = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
        return int(fields[fields.index("Pss:") + 1]) * 1024
    except PermissionError:
        return memory_of(pid)
    except (OSError, ValueError):  # it is gone
        return 0


def cpu_seconds_of(pid: int) -> float:
    return sum(map(int, _stat(pid)[11:15])) / TICKS


def family(ancestor: int | None) -> Iterator[int]:
    """The processes that descend from `ancestor`, without itself."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := parent_of(pid := int(entry.name))) is not None:
            children.setdefault(parent, []).append(pid)
    waiting = [ancestor] if ancestor is not None else []
    while waiting:
        for child in children.get(waiting.pop(), ()):
            waiting.append(child)
            yield child
