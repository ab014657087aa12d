"""A copy of a class in one file, whole even while the hub runs, and the way back.

It holds the course's folder, the exchange and the hub's state. It holds no home: what students have not handed in is
for the backup of the machine. Databases are copied first, by SQLite itself, so that none is newer than the files.
"""

import contextlib
import grp
import io
import os
import pwd
import shutil
import sqlite3
import stat
import tarfile
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from course_utils.hub.processes import require_stopped
from course_utils.hub.settings import HubError, Settings

DATABASES = ("course/gradebook.db", "state/jupyterhub.sqlite")
PARTS = ("course", "exchange", "state")
LARGEST = 500_000_000  #: bytes of a file
DEEPEST = 30  #: folders in each other
LEFT_OUT = (".pid", ".db-journal", ".db-wal", ".db-shm", ".sqlite-journal", ".sqlite-wal", ".sqlite-shm")


def backup(settings: Settings, file: Path) -> list[str]:
    """Copy the class into a new file; gives what was left out, because it is no ordinary file or folder."""
    if file.exists():
        raise HubError(f"{file} exists: choose another name, such as {file.stem}-{time.strftime('%Y-%m-%d')}.tar.gz.")
    part = file.with_name(f"{file.name}.part")
    try:
        with tempfile.TemporaryDirectory() as scratch, open_private(part) as stream:
            copies = {name: copied(settings.folder / name, Path(scratch)) for name in DATABASES}
            with tarfile.open(fileobj=stream, mode="w:gz") as archive:
                left_out = [each for name in PARTS for each in add(archive, settings.folder / name, name, copies)]
                for name, copy in copies.items():
                    if copy is not None:
                        archive.add(copy, name, filter=like(settings.folder / name))
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    return left_out


def open_private(path: Path):
    """A new file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def copied(database: Path, into: Path) -> Path | None:
    """A copy of a database as it is at one moment, whoever writes to it."""
    if not database.is_file():
        return None
    copy = into / database.name
    source = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def add(archive: tarfile.TarFile, folder: Path, name: str, databases: Collection[str]) -> Iterator[str]:
    """Put a folder into the archive under `name`; gives what is not in it.

    Students write into the exchange meanwhile, and may put a link or a pipe into a file's place. So each file is judged
    after it was opened, without following a link, and what cannot be read stops nothing.
    """
    for parent, folders, files, descriptor in os.fwalk(folder, follow_symlinks=False):
        inside = Path(name, Path(parent).relative_to(folder))
        archive.addfile(entry(str(inside), os.fstat(descriptor)))
        if len(inside.parts) > DEEPEST:
            yield from (str(inside / each) for each in folders)
            folders.clear()
        for each in files:
            path = str(inside / each)
            if path in databases or path.endswith(LEFT_OUT):
                continue
            try:
                with os.fdopen(
                    os.open(each, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor), "rb"
                ) as file:
                    status = os.fstat(file.fileno())
                    content = file.read(LARGEST + 1) if stat.S_ISREG(status.st_mode) else None
            except OSError:
                content = None
            if content is None or len(content) > LARGEST:
                yield path
            else:
                archive.addfile(entry(path, status, len(content)), io.BytesIO(content))


def entry(name: str, status: os.stat_result, size: int = 0) -> tarfile.TarInfo:
    """What an archive says of a file or a folder."""
    made = tarfile.TarInfo(name)
    made.type = tarfile.DIRTYPE if stat.S_ISDIR(status.st_mode) else tarfile.REGTYPE
    made.size, made.mode, made.mtime = size, status.st_mode & 0o7777, int(status.st_mtime)
    made.uid, made.gid = status.st_uid, status.st_gid
    with contextlib.suppress(KeyError):  # by name, for a machine that has other numbers
        made.uname, made.gname = pwd.getpwuid(made.uid).pw_name, grp.getgrgid(made.gid).gr_name
    return made


def like(original: Path):
    """Keep the owner and mode of the file that was copied."""
    status = original.stat()

    def changed(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid, member.gid, member.mode = status.st_uid, status.st_gid, status.st_mode & 0o7777
        member.uname, member.gname = original.owner(), original.group()
        return member

    return changed


def restore(settings: Settings, file: Path, replace: bool) -> Path | None:
    """Bring the class back as it was in `file`; what is there now is put aside, and the place of that is given."""
    require_stopped(settings)
    present = [name for name in PARTS if (settings.folder / name).exists()]
    if present and not replace:
        raise HubError(
            f"{settings.folder} holds a class already ({', '.join(present)}). With --replace it is put aside first."
        )
    settings.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.folder, prefix=".restoring-") as scratch:
        try:
            with tarfile.open(file, "r:gz") as archive:
                strangers = {name.split("/")[0] for name in archive.getnames()} - set(PARTS)
                if strangers:
                    raise HubError(f"{file} is no backup of a class: it holds {', '.join(sorted(strangers))}.")
                archive.extractall(scratch, filter=as_it_was)
        except (OSError, EOFError, tarfile.TarError) as error:
            raise HubError(f"{file} cannot be read, and nothing was changed: {error}") from None
        aside = settings.folder / f"before-restore-{time.strftime('%Y-%m-%d-%H%M%S')}"
        for name in present:
            aside.mkdir(mode=0o700, exist_ok=True)
            (settings.folder / name).rename(aside / name)
        for name in PARTS:
            if (Path(scratch) / name).exists():
                shutil.move(Path(scratch) / name, settings.folder / name)
    return aside if present else None


def as_it_was(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """Refuse what would leave the folder or is a device; keep the modes, which the exchange lives by."""
    safe = tarfile.tar_filter(member, path)
    if not (safe.isreg() or safe.isdir() or safe.issym() or safe.islnk()):
        raise tarfile.TarError(f"{member.name} is no file, folder or link")
    return safe.replace(mode=member.mode, deep=False)
