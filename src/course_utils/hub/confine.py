"""What a person of the class sees of this machine, and may use of it (Linux, as root).

Unix users keep people's files apart. On top of that a student's server sees a file system of its own: the system's
programs, the course's Python environment, the exchange, their home. Nothing else is there: not the checkout with the
solutions, not the gradebook, no one's processes.
"""

import os
import pwd
import resource
import secrets
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from course_utils.grading.sandbox.launch import find_bubblewrap, view
from course_utils.hub.settings import Settings

CONFIGURATION = Path(__file__).resolve().parents[3] / "hub/jupyter"
GB = 1024**3
TMP_SIZE = GB  #: of /tmp and of /dev/shm, which lie in memory
KEEPER = ["setsid", "--fork", "--wait"]  #: the process that starts a command and stays until it ends
SYSTEMD = Path("/run/systemd/system")  #: is there where systemd keeps the machine
SLICE = "course-students.slice"  #: all servers of students


def as_user(settings: Settings, user: str, argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` as the Unix user `user`, in what they may see."""
    account = pwd.getpwnam(user)
    instructs = user == settings.instructor
    writable = [Path(account.pw_dir), settings.exchange, *([settings.course] if instructs else [])]
    readable = [settings.handout, CONFIGURATION]
    arguments = [find_bubblewrap(), "--die-with-parent", "--unshare-ipc", "--unshare-uts", *view(TMP_SIZE)]
    arguments += ["--ro-bind", "/etc", "/etc", "--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"]
    # A fresh /proc has covered parts, and then the kernel lets no sandbox mount one inside: the instructor's grading.
    arguments += ["--bind", "/proc", "/proc"] if instructs else ["--unshare-pid", "--proc", "/proc"]
    arguments += [] if instructs else without_node()
    arguments += ["--dev", "/dev", "--perms", "1777", "--size", str(TMP_SIZE), "--tmpfs", "/dev/shm"]
    for path in [*writable, *readable]:
        for parent in reversed(path.parents[:-1]):
            arguments += ["--dir", str(parent), "--chmod", "0755", str(parent)]
        arguments += ["--bind" if path in writable else "--ro-bind", str(path), str(path)]
    arguments += ["--chmod", "1777", "/tmp", "--chdir", account.pw_dir]
    become = ["setpriv", "--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--init-groups"]
    become += ["--no-new-privs"]
    capabilities = ["CAP_SETUID", "CAP_SETGID"]
    if instructs:  # bubblewrap takes process 1 along when it ends; without one, root must wait in here and do that
        become = [*KEEPER, *become, "--pdeathsig", "KILL"]
        capabilities += ["CAP_KILL"]
    for capability in capabilities:
        arguments += ["--cap-add", capability]
    arguments += ["--"]
    return [*arguments, *become, "--", *argv]


def without_node() -> list[str]:
    """JupyterLab asks Node at each start how it would be built: half a second of a core for nothing."""
    node = shutil.which("node")
    return ["--ro-bind", "/dev/null", os.path.realpath(node)] if node else []


def environment(settings: Settings, user: str) -> dict[str, str]:
    """What a server and its notebooks know of the class."""
    role = "instructor" if user == settings.instructor else "student"
    threads = str(settings.cpus)
    return {
        "JUPYTER_CONFIG_PATH": str(CONFIGURATION / role),
        "JUPYTER_PATH": str(CONFIGURATION / role / "share"),
        "COURSE_EXCHANGE": str(settings.exchange),
        "COURSE_FOLDER": str(settings.course) if role == "instructor" else "perceptrons-to-jets",
        "COURSE_HANDOUT": "" if role == "instructor" else str(settings.handout),
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
    }


def in_group(settings: Settings, user: str) -> list[str]:
    """What a command of a student's starts with to share one bound on memory, cores and processes with all it starts.

    A control group of the kernel's, made and cleared away by systemd, where that keeps the machine.
    """
    if user == settings.instructor or not SYSTEMD.is_dir():
        return []
    limits = {
        "MemoryMax": int(settings.memory_gb * GB),
        "MemorySwapMax": 0,
        "CPUQuota": f"{settings.cpus * 100}%",
        "TasksMax": settings.processes,
        "Delegate": "yes",  # a kernel that takes too much memory ends alone; by default systemd ends the rest with it
    }
    unit = f"course-{user}-{secrets.token_hex(4)}"
    command = ["systemd-run", "--scope", "--quiet", "--collect", f"--unit={unit}", f"--slice={SLICE}"]
    return [*command, *(f"--property={name}={value}" for name, value in limits.items()), "--"]


def limited(settings: Settings, number: int) -> Callable[[], None]:
    """What a server's process does before it starts: take limits that stop accidents, and say so in plain words.

    A process that asks for too much gets a MemoryError. But many together may take more, and leave their cores again.
    """
    cores = sorted(os.sched_getaffinity(0))
    start = number % len(cores)
    chosen = {cores[(start + i) % len(cores)] for i in range(settings.cpus)}

    def limit() -> None:
        memory = int(settings.memory_gb * GB)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_NPROC, (settings.processes, settings.processes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.sched_setaffinity(0, chosen)

    return limit


def python(*arguments: str) -> list[str]:
    """The command that runs this Python; -P: no module is taken from the working directory."""
    return [sys.executable, "-P", *arguments]
