"""When a submission came, by a clock that the student does not set.

nbgrader believes `timestamp.txt`, and the time in the name of the folder that a student's own process has made in the
exchange. `Collect` takes the time at which the exchange's file system last saw that folder change, and keeps it beside
the collected submission. What came another way was received when it was put here.
"""

import contextlib
import errno
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

from course_utils.grading.check import MOST_FOLDERS, UnreadableError, read_files, walk
from course_utils.grading.course import fingerprint

Record = dict[str, Any]

MOST_FILES = 1000  #: of a submission; grading takes fewer
SECRET = "submission_secret.txt"
SECRET_TEXT = re.compile(rb"[0-9a-f]{32,256}")


def received(folder: Path) -> datetime:
    """When the submission in `folder` came: naive and in UTC, as the gradebook wants it."""
    return noted(folder, content(folder)) or last_change(folder)


def noted(folder: Path, found: str) -> datetime | None:
    """When `Collect` saw the submission of `folder` come, if it is one of this content."""
    try:
        note = json.loads(note_of(folder).read_bytes())
        return datetime.fromisoformat(note["received"]) if note["content"] == found else None
    except (OSError, ValueError, TypeError, KeyError):  # it came another way, or was replaced since
        return None


def last_change(folder: Path) -> datetime:
    """The last time something in `folder` changed; the file system writes it, and no program can set it back."""
    entries = [parent / name for parent, folders, files in walk(folder) for name in (".", *folders, *files)]
    times = [0.0]
    for path in entries:
        with contextlib.suppress(OSError):  # its owner has closed it, or taken it away meanwhile
            times.append(path.lstat().st_ctime)
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
    left = MOST_FILES
    for parent, folders, names, descriptor in os.fwalk(source, follow_symlinks=False):
        depth = len(Path(parent).relative_to(source).parts)
        folders[:] = [name for name in folders if not matches(name, ignore)] if depth < MOST_FOLDERS else []
        here = target / Path(parent).relative_to(source)
        here.mkdir(exist_ok=True)
        for name in names:
            if matches(name, ignore):
                continue
            left -= 1
            if left < 0:
                raise OSError(errno.EMFILE, f"there are more than {MOST_FILES} files")
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
    """Put a collected submission, now complete in `part`, into its place, with the time at which it came.

    The same one once more, with the secret that is written for each, keeps its time: a backup that was brought back is
    new to the file system.
    """
    if not is_secret(part / SECRET):  # releasing feedback stops for the whole class where one has none
        write(part / SECRET, secrets.token_hex(64))
    found = content(part)
    when = noted(folder, found) or when
    write(part / "timestamp.txt", f"{when:%Y-%m-%d %H:%M:%S.%f} UTC\n")
    note_of(folder).write_text(json.dumps({"received": when.isoformat(), "content": found}))
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
            try:
                reason = None if path.name.startswith(".") else forged(path)
                if reason:
                    aside = path.rename(path.with_name(f".refused+{secrets.token_hex(8)}"))  # any name has room for it
                    self.log.error(f"Not collected: {path.name} {reason}. It is kept beside, as {aside.name}")
            except OSError as error:
                self.log.error(f"Not looked at: {path.name}: {error.strerror}")

    def _path_to_record(self, path: str) -> Record:
        folder = Path(path)
        return {"username": student_of(folder), "filename": folder.name, "timestamp": last_change(folder)}

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """All or nothing: what is in `dest` is whole, whenever this is killed."""
        when, folder = last_change(Path(src)), Path(dest)
        part = beside(folder)
        try:
            for name in copy_files(Path(src), part, self.coursedir.ignore, 1000 * self.coursedir.max_dir_size):
                self.log.warning(f"Not collected: {name} of {folder} is no ordinary file, or too large")
            keep(part, folder, when)
        except (OSError, RecursionError) as error:
            shutil.rmtree(part, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.log.error(f"Not collected: {Path(src).name}: {error}")  # whatever one has put there
