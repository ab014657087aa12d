"""When a submission came, by a clock that the student does not set.

nbgrader believes `timestamp.txt`, and the time in the name of the folder that a student's own process has made in the
exchange. `Collect` takes the time at which the exchange's file system last saw that folder change, and keeps it beside
the collected submission. What came another way was received when it was put here.
"""

import fnmatch
import json
import os
import pwd
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect

from course_utils.grading.check import UnreadableError, read_files, walk
from course_utils.grading.course import fingerprint

Record = dict[str, Any]

SECRET = "submission_secret.txt"
SECRET_TEXT = re.compile(rb"[0-9a-f]{32,256}")


def received(folder: Path) -> datetime:
    """When the submission in `folder` came: naive and in UTC, as the gradebook wants it."""
    try:
        note = json.loads(note_of(folder).read_bytes())
        if note["content"] == content(folder):
            return datetime.fromisoformat(note["received"])
    except (OSError, ValueError, TypeError, KeyError):
        pass  # it was not collected by `Collect`, or was replaced since
    return last_change(folder)


def last_change(folder: Path) -> datetime:
    """The last time something in `folder` changed; the file system writes it, and no program can set it back."""
    entries = [parent / name for parent, folders, files in walk(folder) for name in (".", *folders, *files)]
    times = [path.lstat().st_ctime for path in entries] or [0.0]
    return datetime.fromtimestamp(max(times), UTC).replace(tzinfo=None, microsecond=0)


def note_of(folder: Path) -> Path:
    """Where the time of a collected submission is kept: beside its folder, whose content is the student's."""
    return folder.with_name(f".{folder.name}.received.json")


def content(folder: Path) -> str:
    try:
        files = read_files(folder, "")
    except UnreadableError as error:
        return str(error)
    return fingerprint([part for name, data in sorted(files.items()) for part in (name.encode(), data)])


def student_of(folder: Path) -> str:
    """Whose submission a folder of the exchange says it is."""
    return folder.name.rsplit("+", 3)[0]


def forged(folder: Path) -> str | None:
    """What is wrong with a folder of the exchange that is not a folder of the student it names."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return "is no folder"
    if status.st_uid == os.geteuid():  # put there by who collects, or nobody here has a user of their own
        return None
    try:
        owner = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        owner = f"user {status.st_uid}"
    return None if owner == student_of(folder) else f"belongs to {owner}"


def copy_files(source: Path, target: Path, ignore: Sequence[str], most: int) -> Iterator[str]:
    """Copy a student's folder up to `most` bytes; gives the names of what is left out: links, pipes, too large files.

    The student may change the folder meanwhile. So a file is judged after it was opened, and opened without following
    a link, at any depth.
    """
    target.mkdir(parents=True)
    for parent, folders, names, descriptor in os.fwalk(source, follow_symlinks=False):
        folders[:] = [name for name in folders if not matches(name, ignore)]
        here = target / Path(parent).relative_to(source)
        here.mkdir(exist_ok=True)
        for name in names:
            if matches(name, ignore):
                continue
            data = read_ordinary(name, descriptor, most)
            if data is None:
                yield str(Path(parent, name).relative_to(source))
            else:
                most -= len(data)
                (here / name).write_bytes(data)


def read_ordinary(name: str, folder: int, most: int) -> bytes | None:
    """The content of a file in the open directory `folder`; None if it is no ordinary file of up to `most` bytes."""
    try:
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return None
        data = file.read(most + 1)
    return data if len(data) <= most else None


def keep(part: Path, folder: Path, when: datetime) -> None:
    """Put a collected submission, now complete in `part`, into its place, with the time at which it came."""
    write(part / "timestamp.txt", f"{when:%Y-%m-%d %H:%M:%S.%f} UTC\n")
    if not is_secret(part / SECRET):  # releasing feedback stops for the whole class where one has none
        write(part / SECRET, secrets.token_hex(64))
    note_of(folder).write_text(json.dumps({"received": when.isoformat(), "content": content(part)}))
    part.rename(folder)


def beside(folder: Path) -> Path:
    """Where a submission is collected, until it is complete: empty, whatever a run that was killed has left."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    return part


def write(path: Path, text: str) -> None:
    """Write a file of ours, whatever a student has put into its place."""
    if path.is_dir():
        shutil.rmtree(path)
    path.write_text(text)


def is_secret(path: Path) -> bool:
    """Whether this is what nbgrader writes beside a submission; its feedback is found by it."""
    return path.is_file() and SECRET_TEXT.fullmatch(path.read_bytes()) is not None


def matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


class Collect(ExchangeCollect):
    """nbgrader's `collect`, by the clock of the machine that keeps the exchange, and by the owner of the files."""

    def init_src(self) -> None:
        if self.check_owner:
            self.refuse_forged()
        super().init_src()

    def refuse_forged(self) -> None:
        """Set aside what pretends to be another student's, under a name that no collecting finds."""
        inbound = Path(self.root, self.coursedir.course_id, "inbound")
        for path in sorted(inbound.glob(f"*+{self.coursedir.assignment_id}+*")):
            reason = None if path.name.startswith(".") else forged(path)
            if reason:
                path.rename(path.with_name(f".refused+{path.name}"))
                self.log.error(f"Not collected: {path.name} {reason}. It is kept beside, as .refused+{path.name}")

    def _path_to_record(self, path: str) -> Record:
        folder = Path(path)
        return {"username": student_of(folder), "filename": folder.name, "timestamp": last_change(folder)}

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """All or nothing: what is in `dest` is whole, whenever this is killed."""
        when, folder = last_change(Path(src)), Path(dest)
        part = beside(folder)
        for name in copy_files(Path(src), part, self.coursedir.ignore, 1000 * self.coursedir.max_dir_size):
            self.log.warning(f"Not collected: {name} of {folder} is no ordinary file, or too large")
        keep(part, folder, when)
