"""What a class that is gone when it ends is made of: the demo's, and those of tests and benchmarks."""

import contextlib
import os
import pwd
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from course_utils.authoring import checkout
from course_utils.hub import people
from course_utils.hub.confine import python
from course_utils.hub.processes import end_processes
from course_utils.hub.programs import leash
from course_utils.hub.settings import VARIABLE, HubError, Settings, load

START_SECONDS = 120
STOP_SECONDS = 30


def write_settings(base: Path, **values: str | float) -> Settings:
    """The settings of a class in the folder `base`, at ports that nobody uses: base/settings.toml."""
    address, hub_port, proxy_port = free_ports(3)
    lines = {
        "folder": str(base / "class"),
        "homes": str(base / "homes"),
        "address": f"http://127.0.0.1:{address}",
        "hub_port": hub_port,
        "proxy_port": proxy_port,
        **values,
    }
    path = base / "settings.toml"
    path.write_text(
        "".join(f"{k} = {v}\n" if isinstance(v, int | float) else f'{k} = "{v}"\n' for k, v in lines.items())
    )
    return load(path)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def accounts(settings: Settings, students: Sequence[people.Person]) -> Iterator[dict[str, str]]:
    """Unix accounts for the instructor and the students, with passwords made just now."""
    passwords: dict[str, str] = {}
    try:
        passwords[settings.instructor] = people.make_account(settings, settings.instructor, "Instructor")
        for student in students:
            name = f"{student.first_name} {student.last_name}"
            passwords[student.id] = people.make_account(settings, student.id, name, settings.group)
        yield passwords
    finally:
        remove_accounts({settings.instructor, *(student.id for student in students)}, settings.group)


def remove_accounts(users: set[str], group: str) -> None:
    """Remove those accounts that exist, with all that runs as them."""
    for account in pwd.getpwall():
        if account.pw_name in users:
            end_processes(account.pw_uid)
            people.remove_account(account.pw_name)
    people.remove_group(group)


def start_hub(base: Path, *options: str, variables: Mapping[str, str] = os.environ) -> subprocess.Popen:
    """Start the hub of the class in `base` and wait until people can sign in; it ends with the process that calls."""
    settings, log = load(base / "settings.toml"), base / "hub.log"
    configuration = checkout() / "hub/jupyterhub_config.py"
    command = [*leash("KILL"), *python("-m", "jupyterhub", "-f", str(configuration)), *options]
    with log.open("a") as stream:
        hub = subprocess.Popen(
            command,
            cwd=settings.state,
            env={**variables, VARIABLE: str(base / "settings.toml")},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        wait_until_up(hub, f"{settings.address}/hub/health", log)
    except BaseException:
        stop_hub(hub)
        raise
    return hub


def stop_hub(hub: subprocess.Popen) -> None:
    hub.terminate()
    try:
        hub.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        hub.kill()
        hub.wait()


def wait_until_up(hub: subprocess.Popen, url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if hub.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.3)
    raise HubError(f"The hub did not start:\n{tail(log)}")


def tail(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-25:])
