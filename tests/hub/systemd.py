"""A systemd of its own for a test, in namespaces: it keeps the processes that the test gives it and nothing else."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.conftest import missing
from tests.hub.desk import eventually

UNITS = Path("/run/units")  #: in the namespaces
BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir /run/units
for each in empty sysinit basic shutdown; do
    printf '[Unit]\\nDescription=Nothing but what a test starts\\nDefaultDependencies=no\\n' > /run/units/$each.target
done
umount -R /sys/fs/cgroup
mount -t tmpfs tmpfs /sys/fs/cgroup
for each in cpu cpuacct memory pids; do
    mkdir /sys/fs/cgroup/$each
    mount -t cgroup -o $each cgroup /sys/fs/cgroup/$each
done
mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
export SYSTEMD_UNIT_PATH=/run/units container=lxc
exec /lib/systemd/systemd --system --unit=empty.target --log-target=console --show-status=no
"""


@dataclass
class Systemd:
    enter: list[str]  #: what a command starts with that this systemd is to see

    def run(self, *command: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.enter, *command], input=given, capture_output=True, text=True, timeout=120)

    def is_up(self) -> bool:
        return self.run("systemctl", "is-system-running").stdout.strip() == "running"

    def add_unit(self, name: str, text: str) -> None:
        assert self.run("tee", str(UNITS / name), given=text).returncode == 0
        assert self.run("systemctl", "daemon-reload").returncode == 0

    def state(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()


@contextlib.contextmanager
def booted(log: Path) -> Iterator[Systemd]:
    """Skips where there is no systemd, or the kernel does not let it have control groups of the first version."""
    if not Path("/lib/systemd/systemd").exists():
        missing("systemd", "apt install systemd")
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--cgroup", "--ipc", "--uts"]
    with log.open("w") as stream:
        outside = subprocess.Popen([*command, "sh", "-c", BOOT], stdout=stream, stderr=stream)
    try:
        one = None
        if eventually(lambda: outside.poll() is not None or children(outside)) and outside.poll() is None:
            [first] = children(outside)
            one = Systemd(["nsenter", f"--target={first}", "--mount", "--pid", "--cgroup", "--ipc", "--uts"])
            eventually(lambda: outside.poll() is not None or one.is_up())
        if one is None or not one.is_up():
            pytest.skip(f"no systemd can be started here: {log.read_text().strip()[-200:]}")
        yield one
        one.run("systemctl", "stop", "course.slice")  # and the control groups below it go
        one.run("systemctl", "exit", "--force")
        eventually(lambda: outside.poll() is not None)
    finally:
        outside.kill()
        outside.wait()


def children(process: subprocess.Popen) -> list[int]:
    with contextlib.suppress(psutil.Error):
        return [child.pid for child in psutil.Process(process.pid).children()]
    return []
