"""The folder of a class: made, released into, emptied for a new term.

course/    0700  the instructor's: a copy of the course, gradebook.db, submitted/, autograded/, feedback/
exchange/  1777  nbgrader's; inbound/ in it can be written to and not listed, and nobody moves what is another's
handout/   0755  what each student gets a copy of
state/     0700  the hub's
"""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from course_utils.hub.confine import as_user, environment, python
from course_utils.hub.processes import require_stopped
from course_utils.hub.settings import HubError, Settings
from course_utils.names import unknown_name

COURSE = ("solutions", "exercises", "nbgrader_config.py", "_toc.yml")
TERM = ("gradebook.db", "submitted", "autograded", "feedback", ".grading")


def prepare(settings: Settings, checkout: Path) -> None:
    """Make what is missing of the class's folder. What is there already is the instructor's and stays as it is."""
    if not (checkout / "hub/student.md").is_file():
        raise HubError(f"{checkout} is a copy of the course without chapters and hub: run this in the checkout.")
    for folder, mode in ((settings.folder, 0o755), (settings.state, 0o700)):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
    open_exchange(settings)
    if not settings.course.exists():
        settings.course.mkdir(mode=0o700)
        for name in COURSE:
            copy(checkout / name, settings.course / name)
        own(settings, settings.course)
    shutil.rmtree(settings.handout, ignore_errors=True)  # it is rebuilt: only the copies are the students'
    for chapter in sorted((checkout / "book").glob("*/*.ipynb")):
        copy(chapter, settings.handout / "chapters" / chapter.relative_to(checkout / "book"))
    copy(checkout / "hub/student.md", settings.handout / "README.md")
    for path in [settings.handout, *settings.handout.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def open_exchange(settings: Settings) -> None:
    """An exchange in which each can move only what is theirs: whoever makes its folders first would own them."""
    course = settings.exchange / "perceptrons-to-jets"
    for folder, mode in (
        (settings.exchange, 0o1777),
        (course, 0o755),
        (course / "outbound", 0o755),
        (course / "inbound", 0o3733),
        (course / "feedback", 0o711),
    ):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(mode)
            if folder != settings.exchange:
                own(settings, folder)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"))
    else:
        shutil.copyfile(source, target)


def own(settings: Settings, folder: Path) -> None:
    """Give a folder, and all in it, to the instructor."""
    if os.geteuid() != 0:
        return
    account = pwd.getpwnam(settings.instructor)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def assignments(settings: Settings) -> list[str]:
    return sorted(path.parent.name for path in (settings.course / "solutions").glob("*/*.ipynb"))


def outbound(settings: Settings, name: str) -> Path:
    return settings.exchange / "perceptrons-to-jets" / "outbound" / name


def release(settings: Settings, name: str, again: bool) -> None:
    """Make the students' version of an assignment, and put it where they can fetch it."""
    if name not in (known := assignments(settings)):
        raise HubError(unknown_name("assignment", name, known))
    if outbound(settings, name).exists() and not again:
        raise HubError(
            f"{name} is released already. With --again the new version takes its place: who fetches from now on gets "
            "it; who has it keeps their copy and their answers, and is graded by the new tests."
        )
    nbgrader(settings, "generate_assignment", name, "--force", "--create")
    nbgrader(settings, "release_assignment", name, *(["--force"] if again else []))


def nbgrader(settings: Settings, *arguments: str) -> None:
    """Run nbgrader in the course's folder, as the instructor: the configuration there is theirs."""
    command = python("-m", "nbgrader", *arguments)
    variables = {**os.environ, **environment(settings, settings.instructor)}
    if os.geteuid() == 0:
        home = pwd.getpwnam(settings.instructor).pw_dir
        variables |= {"HOME": home, "USER": settings.instructor, "LOGNAME": settings.instructor}
        command = as_user(settings, settings.instructor, ["env", "-C", str(settings.course), *command])
    folder = None if os.geteuid() == 0 else settings.course
    done = subprocess.run(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise HubError(f"nbgrader {' '.join(arguments)} failed:\n{done.stderr.strip()}")


def new_term(settings: Settings, name: str) -> Path:
    """Put the gradebook, all submissions and the exchange aside; solutions and accounts stay. Gives the new place."""
    require_stopped(settings)
    aside = settings.folder / "terms" / name
    if Path(name).name != name or name.startswith("."):
        raise HubError(f"{name!r} cannot be the name of a folder: call the term that ends something like 2026-fall.")
    if aside.exists():
        raise HubError(f"{aside} exists: choose another name for the term that ends.")
    aside.mkdir(parents=True)
    (settings.folder / "terms").chmod(0o700)
    settings.exchange.rename(aside / "exchange")
    for part in TERM:
        if (settings.course / part).exists():
            (settings.course / part).rename(aside / part)
    open_exchange(settings)
    return aside
