"""Where systemd keeps the machine: a student's server has bounds that hold by force, and the README's unit works."""

import contextlib
import os
import re
import sys
from pathlib import Path

import psutil
import pytest
import requests

from course_utils.hub import confine
from course_utils.hub.settings import Settings
from tests.hub.classroom import prepared_class
from tests.hub.desk import eventually
from tests.hub.systemd import booted

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="systemd is root's"),
]

ROOT = Path(__file__).resolve().parents[2]
UNIT = "course-hub.service"


@pytest.fixture(scope="module")
def systemd(tmp_path_factory):
    with booted(tmp_path_factory.mktemp("systemd") / "log") as one:
        yield one


@pytest.fixture
def bound(systemd, tmp_path, monkeypatch):
    """Run shell code as a student's server is run, with 200 MB, 20 processes, less of a core than any load leaves."""
    monkeypatch.setattr(confine, "SYSTEMD", tmp_path)  # which is there
    settings = Settings(tmp_path, tmp_path, memory_gb=0.2, cpus=0.2, processes=20)
    return lambda code: systemd.run(*confine.in_group(settings, "ann"), "bash", "-c", code)


def test_memory_is_bounded_for_all_processes_together(bound):
    fill = "x = bytearray({}); print(len(x), flush=True); import time; time.sleep(5)"
    one = f"python3 -c '{fill.format(120_000_000)}'"
    assert bound(f"{one}; echo ended with $?").stdout.split() == ["120000000", "ended", "with", "0"]
    two = bound(f"{one} & {one} & wait -n; echo the first ended with $?; wait -n; echo the other with $?").stdout
    assert "the first ended with 137" in two  # killed
    assert "the other with 0" in two, "the rest of the server stays"


def test_cores_are_bounded_for_all_processes_together(bound):
    spin = "timeout 2 sh -c 'while :; do :; done'"
    statistics = "cat /sys/fs/cgroup/cpu/$(sed -n s/.*:cpu://p /proc/self/cgroup)/cpu.stat"
    said = bound(f"{spin} & {spin} & wait; {statistics}; times").stdout
    assert processor_seconds(said.splitlines()[-1]) < 0.8, "a fifth of a core for two seconds"
    assert int(re.search(r"nr_throttled (\d+)", said)[1]) > 0


def processor_seconds(times: str) -> float:
    """What the shell's `times` tells of its children."""
    return sum(60 * int(minutes) + float(seconds) for minutes, seconds in re.findall(r"(\d+)m([\d.]+)s", times))


def test_processes_are_bounded(bound):
    done = bound("for k in $(seq 40); do sleep 5 & done; jobs -p | wc -l; kill $(jobs -p)")
    assert "fork: " in done.stderr
    assert int(done.stdout or 0) < 20


def test_a_server_that_has_ended_leaves_no_unit(bound, systemd):
    assert bound("kill -9 $$").returncode != 0
    assert eventually(lambda: "course-ann" not in systemd.run("systemctl", "list-units", "--all").stdout)


@pytest.fixture
def one_class(systemd, tmp_path):
    with prepared_class(tmp_path, "unit", students=1, memory_gb=3.5) as one:
        systemd.add_unit(UNIT, unit_of_the_readme(one))
        yield one
        systemd.run("systemctl", "stop", UNIT)


def unit_of_the_readme(one) -> str:
    """As it stands there, with this class's paths."""
    text = re.search(r"( +\[Service\]\n(?: .*\n)+)", (ROOT / "hub/README.md").read_text())[1]
    text = re.sub(r"^ {4}", "", text, flags=re.MULTILINE)
    for written, here in {
        "/opt/perceptrons-to-jets/.venv/bin/python": sys.executable,
        "/opt/perceptrons-to-jets": str(ROOT),
        "/srv/perceptrons-to-jets/settings.toml": str(one.base / "settings.toml"),
        "/srv/perceptrons-to-jets": str(one.settings.folder),
    }.items():
        assert written in text
        text = text.replace(written, here)
    return text


def test_the_unit_keeps_the_class(one_class, systemd):
    [ann] = one_class.students.values()
    assert systemd.run("systemctl", "start", UNIT).returncode == 0
    assert eventually(lambda: is_up(one_class), seconds=60)
    ann.sign_in()
    kernel = ann.start_kernel()
    server, hub = one_class.server(ann.user), systemd.state(UNIT, "MainPID")
    assert all(in_slice(process) for process in one_class.processes(ann.user) if not is_keeper(process))

    systemd.run("systemctl", "kill", "--kill-who=main", "--signal=KILL", UNIT)
    assert eventually(lambda: systemd.state(UNIT, "MainPID") not in ("0", hub) and is_up(one_class), seconds=60)
    assert ann.has_server()
    assert one_class.server(ann.user) == server
    assert [each["id"] for each in ann.get(f"/user/{ann.user}/api/kernels").json()] == [kernel]

    assert systemd.run("systemctl", "stop", UNIT).returncode == 0
    assert eventually(lambda: not one_class.processes(ann.user))


def is_up(one) -> bool:
    with contextlib.suppress(OSError):
        return requests.get(f"{one.settings.address}/hub/health", timeout=5).ok
    return False


def in_slice(process: psutil.Process) -> bool:
    return confine.SLICE in Path(f"/proc/{process.pid}/cgroup").read_text()


def is_keeper(process: psutil.Process) -> bool:
    return process.cmdline()[:1] == ["setsid"]
