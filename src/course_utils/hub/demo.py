"""A class to try: an instructor, three students, one released assignment, all of it gone when it ends.

Two processes: the one that was started waits, and this one, the keeper, holds the class. If the first is killed, the
kernel tells the keeper, which clears up; if the keeper is killed, everything below it ends, and the accounts that are
left are removed by the next demo, or by `course hub demo --stop`.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from course_utils.authoring import AuthoringError, checkout
from course_utils.grading.sandbox.launch import SandboxError
from course_utils.hub import classroom, people
from course_utils.hub.confine import python
from course_utils.hub.programs import find_proxy, leash
from course_utils.hub.settings import VARIABLE, HubError, Settings, load

INSTRUCTOR = "p2j-instructor"
STUDENTS = (
    people.Person("p2j-ann", "Ann", "Adams", "ann@example.org"),
    people.Person("p2j-bob", "Bob", "Brown", "bob@example.org"),
    people.Person("p2j-cem", "Cem", "Celik", "cem@example.org"),
)
GROUP = "p2j-students"
ASSIGNMENT = "perceptron"
START_SECONDS = 120
STOP_SECONDS = 30
NOT_ISOLATED = """\
!! Not started as root: all servers run as the one Unix user {user}. Nothing is isolated: each can read
!! the others' files, the solutions and the gradebook. Good for a look; for a class, use root (hub/README.md)."""


def keep() -> int:
    """The keeper: 0 when the class was stopped, 1 when it could not run."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_once)
    try:
        root = checkout()
        find_proxy()
        clear_leftovers()
        with contextlib.ExitStack() as stack:
            base = Path(tempfile.mkdtemp(prefix="p2j-"))
            stack.callback(shutil.rmtree, base, ignore_errors=True)
            base.chmod(0o755)
            (base / "keeper.pid").write_text(str(os.getpid()))
            settings = load(write_settings(base))
            print("Making a class …", flush=True)
            passwords = stack.enter_context(accounts(settings))
            classroom.prepare(settings, root)
            people.enter(settings, list(STUDENTS))
            classroom.release(settings, ASSIGNMENT, again=False)
            hub = stack.enter_context(running_hub(settings, base, root, passwords))
            print(welcome(settings, passwords), flush=True)
            code = hub.wait()
            raise HubError(f"The hub has ended by itself, with code {code}:\n{tail(base / 'hub.log')}")
    except KeyboardInterrupt:
        print("Stopped; nothing is left.", flush=True)
        return 0
    except (HubError, AuthoringError, SandboxError) as error:
        print(error, file=sys.stderr)
        return 1


def stop_once(*_: object) -> None:
    """The first signal ends the class; further ones do not disturb the clearing up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def write_settings(base: Path) -> Path:
    address, hub_port, proxy_port = free_ports(3)
    lines = {
        "folder": base / "class",
        "homes": base / "homes",
        "address": f"http://127.0.0.1:{address}",
        "hub_port": hub_port,
        "proxy_port": proxy_port,
        "sign_in": "pam" if os.geteuid() == 0 else "shared",
        "instructor": INSTRUCTOR,
        "group": GROUP,
    }
    path = base / "settings.toml"
    path.write_text("".join(f"{k} = {v}\n" if isinstance(v, int) else f'{k} = "{v}"\n' for k, v in lines.items()))
    return path


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def accounts(settings: Settings) -> Iterator[dict[str, str]]:
    """Unix accounts for the demo's people, with passwords made just now; without root, passwords alone."""
    if os.geteuid() != 0:
        shared = secrets.token_urlsafe(12)
        yield {INSTRUCTOR: secrets.token_urlsafe(24), **{student.id: shared for student in STUDENTS}}
        return
    passwords: dict[str, str] = {}
    try:
        passwords[INSTRUCTOR] = people.make_account(settings, INSTRUCTOR, "Instructor")
        for student in STUDENTS:
            name = f"{student.first_name} {student.last_name}"
            passwords[student.id] = people.make_account(settings, student.id, name, GROUP)
        yield passwords
    finally:
        remove_accounts()


@contextlib.contextmanager
def running_hub(settings: Settings, base: Path, root: Path, passwords: dict[str, str]) -> Iterator[subprocess.Popen]:
    variables = {**os.environ, VARIABLE: str(base / "settings.toml")}
    if settings.sign_in == "shared":
        variables["COURSE_HUB_PASSWORD"] = passwords[STUDENTS[0].id]
        variables["COURSE_HUB_INSTRUCTOR_PASSWORD"] = passwords[INSTRUCTOR]
        variables["COURSE_HUB_STUDENTS"] = " ".join(student.id for student in STUDENTS)
    command = [*leash("KILL"), *python("-m", "jupyterhub", "-f", str(root / "hub/jupyterhub_config.py"))]
    with (base / "hub.log").open("w") as log:
        hub = subprocess.Popen(
            command, cwd=settings.state, env=variables, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until_up(hub, f"{settings.address}/hub/health", base / "hub.log")
        yield hub
    finally:
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


def welcome(settings: Settings, passwords: dict[str, str]) -> str:
    rows = [("instructor", INSTRUCTOR), *(("student", student.id) for student in STUDENTS)]
    lines = ["", f"The class is at {settings.address}", ""]
    if os.geteuid() != 0:
        lines += [NOT_ISOLATED.format(user=pwd.getpwuid(os.getuid()).pw_name), ""]
    lines += [f"  {role:12}{user:18}{passwords[user]}" for role, user in rows]
    lines += ["", f"The assignment {ASSIGNMENT} is released. Stop with Ctrl-C: the class and all in it are gone then."]
    return "\n".join(lines)


# ── What a demo that was killed has left ────────────────────────────────────────────────────────────────────────


def demo_users() -> list[pwd.struct_passwd]:
    names = {INSTRUCTOR, *(student.id for student in STUDENTS)}
    return [account for account in pwd.getpwall() if account.pw_name in names]


def remove_accounts() -> None:
    for account in demo_users():
        people.end_processes(account.pw_uid)
        people.remove_account(account.pw_name)
    people.remove_group(GROUP)


def keeper_of(account: pwd.struct_passwd) -> int | None:
    """The process that keeps the demo which an account belongs to, if it is alive."""
    try:
        keeper = int((Path(account.pw_dir).parents[1] / "keeper.pid").read_text())
        os.kill(keeper, 0)
    except (OSError, ValueError):
        return None
    return keeper


def clear_leftovers() -> None:
    """Remove what a killed demo has left; a demo that runs is not touched."""
    if os.geteuid() != 0 or not demo_users():
        return
    for account in demo_users():
        base = Path(account.pw_dir).parents[1]
        if not base.name.startswith("p2j-"):
            raise HubError(f"The account {account.pw_name} is none of a demo's ({account.pw_dir}): remove it first.")
        if keeper_of(account) is not None:
            raise HubError("A demo is running on this machine already. To stop it: course hub demo --stop")
    for account in demo_users():
        shutil.rmtree(Path(account.pw_dir).parents[1], ignore_errors=True)
    remove_accounts()


def stop() -> int:
    """`course hub demo --stop`: end the demo that runs as root on this machine, or clear up after a killed one."""
    try:
        for keeper in {keeper_of(account) for account in demo_users()} - {None}:
            os.kill(keeper, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(keeper_of, demo_users())) and time.monotonic() < deadline:
            time.sleep(0.2)
        clear_leftovers()
    except (HubError, PermissionError) as error:
        print(error, file=sys.stderr)
        return 1
    print("No demo is running; nothing is left.")
    return 0


if __name__ == "__main__":
    sys.exit(keep())
