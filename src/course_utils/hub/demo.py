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
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from course_utils.authoring import AuthoringError, checkout
from course_utils.grading.sandbox.launch import SandboxError
from course_utils.hub import classroom, people, temporary
from course_utils.hub.programs import find_proxy
from course_utils.hub.settings import HubError, Settings

INSTRUCTOR = "p2j-instructor"
STUDENTS = (
    people.Person("p2j-ann", "Ann", "Adams", "ann@example.org"),
    people.Person("p2j-bob", "Bob", "Brown", "bob@example.org"),
    people.Person("p2j-cem", "Cem", "Celik", "cem@example.org"),
)
USERS = {INSTRUCTOR, *(student.id for student in STUDENTS)}
GROUP = "p2j-students"
ASSIGNMENT = "perceptron"
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
            sign_in = "pam" if os.geteuid() == 0 else "shared"
            settings = temporary.write_settings(base, sign_in=sign_in, instructor=INSTRUCTOR, group=GROUP)
            print("Making a class …", flush=True)
            passwords = stack.enter_context(passwords_of(settings))
            classroom.prepare(settings, root)
            people.enter(settings, list(STUDENTS))
            classroom.release(settings, ASSIGNMENT, again=False)
            hub = stack.enter_context(running_hub(settings, base, passwords))
            print(welcome(settings, passwords), flush=True)
            code = hub.wait()
            raise HubError(f"The hub has ended by itself, with code {code}:\n{temporary.tail(base / 'hub.log')}")
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


@contextlib.contextmanager
def passwords_of(settings: Settings) -> Iterator[dict[str, str]]:
    """The people's passwords, made just now; as root they have accounts too."""
    if os.geteuid() == 0:
        with temporary.accounts(settings, STUDENTS) as passwords:
            yield passwords
    else:
        shared = secrets.token_urlsafe(12)
        yield {INSTRUCTOR: secrets.token_urlsafe(24), **{student.id: shared for student in STUDENTS}}


@contextlib.contextmanager
def running_hub(settings: Settings, base: Path, passwords: dict[str, str]) -> Iterator[subprocess.Popen]:
    variables = dict(os.environ)
    if settings.sign_in == "shared":
        variables["COURSE_HUB_PASSWORD"] = passwords[STUDENTS[0].id]
        variables["COURSE_HUB_INSTRUCTOR_PASSWORD"] = passwords[INSTRUCTOR]
        variables["COURSE_HUB_STUDENTS"] = " ".join(student.id for student in STUDENTS)
    hub = temporary.start_hub(base, "--UnixUserSpawner.outlives_hub=False", variables=variables)
    try:
        yield hub
    finally:
        temporary.stop_hub(hub)


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
    return [account for account in pwd.getpwall() if account.pw_name in USERS]


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
    temporary.remove_accounts(USERS, GROUP)


def stop() -> int:
    """`course hub demo --stop`: end the demo that runs as root on this machine, or clear up after a killed one."""
    try:
        for keeper in {keeper_of(account) for account in demo_users()} - {None}:
            os.kill(keeper, signal.SIGTERM)
        deadline = time.monotonic() + temporary.STOP_SECONDS
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
