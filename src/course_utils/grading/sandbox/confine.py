"""Shut this process in, by what Linux offers: namespaces, limits, and a filter of system calls.

The fork server is in a sandbox of bubblewrap's already; this is the second wall, between one submission and the next,
and between the submission and the server. Nothing here can be undone by the process that has called it.
"""

import ctypes
import json
import os
import platform
import resource
import signal
import struct
from dataclasses import asdict, dataclass
from typing import Self

MB = 1024 * 1024
WORK = "/home/student"  #: where a submission runs


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Sizes in bytes, times in seconds."""

    memory: int = 2048 * MB  #: of all its processes together, beyond what the fork server has loaded
    processes: int = 64
    file_size: int = 64 * MB
    disk: int = 128 * MB  #: of each of the three places that can be written: the working folder, /tmp, /dev/shm
    open_files: int = 256
    cell_seconds: float = 60.0
    total_seconds: float = 600.0
    cpu_seconds: float = 600.0  #: of all its processes together
    cell_output: int = MB  #: bytes that a cell may show
    total_output: int = 8 * MB

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        return cls(**json.loads(data))


class ConfinementError(OSError):
    """The kernel did not grant what the sandbox needs; nothing of the student's has run."""


libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP = 0x10000000, 0x20000000, 0x40000000, 0x02000000
NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 38, 22, 24


def _must(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise ConfinementError(number, f"{what}: {os.strerror(number)}")


def enter_namespaces() -> None:
    """New user, mount, process, network, IPC and host-name namespaces; the next fork is process 1 of them."""
    uid, gid = os.getuid(), os.getgid()
    _must(libc.unshare(NAMESPACES), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(text)


def own_places(limits: Limits) -> None:
    """Empty file systems of limited size at `WORK`, /tmp and /dev/shm, and a /proc that shows its own processes."""
    _must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount --make-private")
    for place in (WORK, "/tmp", "/dev/shm"):
        options = f"size={limits.disk},nr_inodes=10000,mode=0700".encode()
        _must(libc.mount(b"tmpfs", place.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options), f"mount {place}")
    _must(libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None), "mount /proc")
    os.chdir(WORK)


def set_limits(limits: Limits) -> None:
    """Limits that the kernel holds per process; the sums over processes are the grader's to watch."""
    with open("/proc/self/statm") as file:  # noqa: PTH123
        loaded = int(file.read().split()[0]) * resource.getpagesize()
    for name, value in (
        (resource.RLIMIT_AS, loaded + limits.memory),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CPU, int(limits.cpu_seconds) + 1),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(name, (value, value))


def drop_privileges() -> None:
    """No capability, and no way to get one."""
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails, rightly, beyond the last one the kernel knows
    header = struct.pack("Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    _must(libc.capset(header, bytes(24)), "capset")
    _must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def hide_from_siblings() -> None:
    """No other process may look into this one's memory."""
    _must(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "not dumpable")


def die_with_parent() -> None:
    _must(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "death signal")


# ── The filter of system calls ──────────────────────────────────────────────────────────────────────────────────
#
# What bubblewrap leaves open and no course needs: more namespaces, mounts, other processes' memory, keyrings, io_uring,
# odd sockets, memory that no process is charged for. A call that is refused fails with EPERM; clone3, whose arguments a
# filter cannot see, with ENOSYS, so that libc falls back to clone.

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SYSCALLS = {  # name: (x86_64, aarch64)
    "ptrace": (101, 117),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "quotactl": (179, 60),
    "swapon": (167, 224),
    "reboot": (169, 142),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "syslog": (103, 116),
    "acct": (163, 89),
    "personality": (135, 92),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
}
CLONE = (56, 220)
CLONE3 = (435, 435)
SOCKET = (41, 198)
SOCKETS = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW… flag

_LD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _EPERM, _ENOSYS, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
_NR, _ARCH, _ARGUMENT_0 = 0, 4, 16


def filter_program(machine: str) -> bytes:
    """The filter as a classic BPF program, for `machine` as `platform.machine()` names it."""
    if machine not in AUDIT_ARCH:
        raise ConfinementError(f"no filter of system calls for {machine}: the sandbox runs on {', '.join(AUDIT_ARCH)}")
    column = list(AUDIT_ARCH).index(machine)
    refused = [numbers[column] for numbers in SYSCALLS.values()]
    program = [(_LD, 0, 0, _ARCH), (_JEQ, 1, 0, AUDIT_ARCH[machine]), (_RET, 0, 0, _KILL), (_LD, 0, 0, _NR)]
    if machine == "x86_64":  # the x32 calls have numbers of their own
        program += [(_JGE, 0, 1, 0x40000000), (_RET, 0, 0, _EPERM)]
    for number in refused:
        program += [(_JEQ, 0, 1, number), (_RET, 0, 0, _EPERM)]
    program += [(_JEQ, 0, 1, CLONE3[column]), (_RET, 0, 0, _ENOSYS)]
    program += [
        (_JEQ, 0, 4, CLONE[column]),
        (_LD, 0, 0, _ARGUMENT_0),
        (_JSET, 0, 1, NEW_NAMESPACES),
        (_RET, 0, 0, _EPERM),
        (_RET, 0, 0, _ALLOW),
    ]
    program += [(_JEQ, 0, 2 + len(SOCKETS), SOCKET[column]), (_LD, 0, 0, _ARGUMENT_0)]
    program += [(_JEQ, len(SOCKETS) - i, 0, family) for i, family in enumerate(SOCKETS)]
    program += [(_RET, 0, 0, _EPERM), (_RET, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def filter_system_calls() -> None:
    """From here on, for this process and all it will start."""
    program = filter_program(platform.machine())
    code = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    _must(libc.prctl(PR_SET_SECCOMP, 2, ctypes.c_char_p(fprog), 0, 0), "seccomp")
