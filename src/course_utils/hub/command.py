"""`course hub …`: 0 when it is done, 1 when something has to be put right first, and nothing was changed."""

import argparse
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

from course_utils.authoring import AuthoringError, checkout
from course_utils.grading.sandbox.launch import SandboxError
from course_utils.hub import backup, classroom, demo, people
from course_utils.hub.confine import python
from course_utils.hub.programs import leash
from course_utils.hub.settings import HubError, load


def main(options: argparse.Namespace) -> int:
    if options.action == "demo":
        return demo.stop() if options.stop else start_demo()
    try:
        ACTIONS[options.action](options)
    except (HubError, AuthoringError, SandboxError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def start_demo() -> int:
    """`course hub demo`: run the keeper, and hand it the signals that come here."""
    keeper = subprocess.Popen([*leash("TERM"), *python("-m", "course_utils.hub.demo")])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the keeper too
    signal.signal(signal.SIGTERM, lambda *_: keeper.terminate())
    return keeper.wait()


def prepare(options: argparse.Namespace) -> None:
    settings, root = load(), checkout()
    if os.geteuid() != 0:
        raise HubError("A class with an account for everybody is made by root: run this again with sudo.")
    if settings.instructor not in {account.pw_name for account in pwd.getpwall()}:
        password = people.make_account(settings, settings.instructor, "Instructor")
        print(f"Account of the instructor: {settings.instructor} {password}")
    classroom.prepare(settings, root)
    people.enter(settings, [])
    print(f"The class is in {settings.folder}. Next: course hub add-students roster.csv")


def add_students(options: argparse.Namespace) -> None:
    if "COURSE_NGSHARE" in os.environ:  # on Kubernetes
        from course_utils.hub import ngshare

        count = ngshare.add_students(Path(options.roster), checkout())
        print(f"{count} students are in ngshare and in the gradebook. The hub has its own copy (hub/kubernetes).")
        return
    passwords = people.add_students(load(), Path(options.roster))
    print(f"{len(passwords)} new accounts. Their passwords are shown this once:" if passwords else "No new accounts.")
    for user, password in passwords.items():
        print(f"{user},{password}")


def release(options: argparse.Namespace) -> None:
    classroom.release(load(), options.name, options.again)
    print(f"{options.name} is released: students find it in Nbgrader › Assignment List.")


def make_backup(options: argparse.Namespace) -> None:
    for name in backup.backup(load(), Path(options.file)):
        print(f"Left out: {name!r} is no ordinary file, too large, or cannot be read.")
    print(f"{options.file} holds the class: gradebook, submissions, exchange, hub. Students' homes are not in it.")


def restore(options: argparse.Namespace) -> None:
    aside = backup.restore(load(), Path(options.file), options.replace)
    print(f"The class is as it was in {options.file}." + (f" What was there is in {aside}." if aside else ""))


def new_term(options: argparse.Namespace) -> None:
    aside = classroom.new_term(load(), options.name)
    print(f"Gradebook, submissions and exchange are in {aside}. Next: course hub add-students, course hub release.")


ACTIONS = {
    "prepare": prepare,
    "add-students": add_students,
    "release": release,
    "backup": make_backup,
    "restore": restore,
    "new-term": new_term,
}
