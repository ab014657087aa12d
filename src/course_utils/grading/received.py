"""When a submission came, by a clock that the student does not set.

nbgrader believes `timestamp.txt`, and the time in the name of the folder that a student's own process has made in the
exchange. `Collect` takes the time at which the exchange's file system last saw that folder change, and keeps it beside
the collected submission. What came another way was received when it was put here.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect

from course_utils.grading.check import UnreadableError, read_files, walk
from course_utils.grading.course import fingerprint

Record = dict[str, Any]


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


class Collect(ExchangeCollect):
    """nbgrader's `collect`, by the clock of the machine that keeps the exchange."""

    def _path_to_record(self, path: str) -> Record:
        folder = Path(path)
        return {"username": folder.name.rsplit("+", 3)[0], "filename": folder.name, "timestamp": last_change(folder)}

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        super().do_copy(src, dest, log)
        when, folder = last_change(Path(src)), Path(dest)
        (folder / "timestamp.txt").unlink(missing_ok=True)  # it may be a link
        (folder / "timestamp.txt").write_text(f"{when:%Y-%m-%d %H:%M:%S.%f} UTC\n")
        note_of(folder).write_text(json.dumps({"received": when.isoformat(), "content": content(folder)}))
