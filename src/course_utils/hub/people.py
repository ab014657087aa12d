"""The people of a class: a roster that is read whole or not at all, Unix accounts, entries in the gradebook."""

import contextlib
import csv
import grp
import os
import pwd
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import NamedTuple

from course_utils.hub.classroom import nbgrader
from course_utils.hub.settings import HubError, Settings

COLUMNS = ("id", "first_name", "last_name", "email")


class Ids(NamedTuple):
    """What a place lets people be called."""

    pattern: str
    meaning: str


UNIX = Ids("[a-z_][a-z0-9_-]{0,31}", "a small letter, then small letters, digits, _ or -, at most 32")


@dataclass(frozen=True)
class Person:
    id: str
    first_name: str
    last_name: str
    email: str


def read_roster(path: Path, taken: set[str], ids: Ids = UNIX) -> list[Person]:
    """The people in a roster; one error tells all that is wrong with it, line by line. `taken` ids belong to others."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            header = [name.strip() for name in reader.fieldnames or ()]
            if sorted(header) != sorted(COLUMNS):
                raise HubError(
                    f"{path}: its first line is {','.join(header) or 'empty'}, expected {','.join(COLUMNS)}."
                )
            reader.fieldnames = header
            rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise HubError(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise HubError(f"{path} is not in UTF-8: save it again as CSV UTF-8.") from None
    except csv.Error as error:
        raise HubError(f"{path} is not a table of comma-separated values: {error}.") from None
    people, lines, wrong = [], {}, []
    for line, row in rows:
        if None in row or None in row.values():
            wrong.append(f"line {line}: has not {len(COLUMNS)} columns; a comma in a name needs quotes around it")
            continue
        person = Person(**{name: row[name].strip() for name in COLUMNS})
        found = list(problems(person, taken, ids))
        if person.id in lines:
            found.append(f"id {person.id!r} is also in line {lines[person.id]}: everybody needs one of their own")
        lines.setdefault(person.id, line)
        wrong += [f"line {line}: {problem}" for problem in found]
        people.append(person)
    if wrong:
        raise HubError("\n".join([f"{path}: nobody was added. To put right:", *wrong]))
    if not people:
        raise HubError(f"{path} has no lines below the first.")
    return people


def problems(person: Person, taken: set[str], ids: Ids) -> Iterator[str]:
    if not re.fullmatch(ids.pattern, person.id):
        yield f"id {person.id!r} cannot be a user name: {ids.meaning}"
    elif person.id in taken:
        yield f"id {person.id!r} belongs to an account of this machine that is no student's: choose another"
    for name in ("first_name", "last_name"):
        value = getattr(person, name)
        if not value or ":" in value or not value.isprintable():
            yield f"{name} is {value!r}, expected a name (without a colon)"
    if person.email and not re.fullmatch(r"[^@\s]+@[^@\s]+", person.email):
        yield f"email is {person.email!r}, expected an address such as ann@example.org, or nothing"


def students(settings: Settings) -> set[str]:
    """The Unix accounts that are students'."""
    try:
        return set(grp.getgrnam(settings.group).gr_mem)
    except KeyError:
        return set()


def add_students(settings: Settings, roster: Path) -> dict[str, str]:
    """Make the accounts that are missing and enter all into the gradebook; gives the passwords of the new ones."""
    known = students(settings)
    people = read_roster(roster, taken={account.pw_name for account in pwd.getpwall()} - known)
    passwords = {}
    try:
        for person in people:
            if person.id not in known:
                passwords[person.id] = make_account(
                    settings, person.id, f"{person.first_name} {person.last_name}", settings.group
                )
        enter(settings, people)
    except BaseException:
        with contextlib.ExitStack() as stack:  # the next one too if one cannot be removed
            for user in passwords:
                stack.callback(remove_account, user)
        raise
    return passwords


def enter(settings: Settings, people: list[Person]) -> None:
    """Enter people into the gradebook, or correct what it has of them."""
    with tempfile.NamedTemporaryFile("w", dir=settings.course, suffix=".csv", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *map(astuple, people)])
        file.flush()
        give_to_instructor(settings, file.fileno())
        nbgrader(settings, "db", "student", "import", file.name)


def give_to_instructor(settings: Settings, file: int) -> None:
    """By its descriptor: in their own folder they could put another file into its place."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(settings.instructor)
        os.fchown(file, account.pw_uid, account.pw_gid)


def make_account(settings: Settings, user: str, name: str, group: str | None = None) -> str:
    """A Unix account with a home that only its owner can enter; gives its password, made just now."""
    if group is not None and not has_group(group):
        run("groupadd", group)
    settings.homes.mkdir(parents=True, exist_ok=True)
    home = settings.home(user)
    if home.exists():
        raise HubError(f"{home} exists, but {user} has no account: move it away, or make the account by hand.")
    password = secrets.token_urlsafe(12)
    groups = ["--groups", group] if group else []
    run("useradd", "--user-group", *groups, "--no-log-init", "--shell", "/bin/bash", "--comment", name,
        "--create-home", "--home-dir", str(home), user)  # fmt: skip
    try:
        home.chmod(0o700)
        run("chpasswd", given=f"{user}:{password}\n")
    except BaseException:
        remove_account(user)
        raise
    return password


def remove_account(user: str) -> None:
    """Remove an account and its home."""
    subprocess.run(["userdel", "--remove", user], capture_output=True, text=True)  # it misses a mailbox, and says so
    try:
        pwd.getpwnam(user)
    except KeyError:
        return
    raise HubError(f"The account {user} could not be removed. Try: userdel --remove --force {user}")


def remove_group(group: str) -> None:
    if has_group(group):
        run("groupdel", group)


def has_group(group: str) -> bool:
    try:
        grp.getgrnam(group)
    except KeyError:
        return False
    return True


def run(*command: str, given: str | None = None) -> None:
    if os.geteuid() != 0:
        raise HubError(f"Only root can make accounts ({command[0]}): run this again with sudo.")
    done = subprocess.run(command, input=given, capture_output=True, text=True)
    if done.returncode:
        raise HubError(f"{command[0]}: {done.stderr.strip()}")
