"""What runs as a student, or the instructor, when their server starts: lay out the course folder, become the server."""

import hashlib
import json
import os
import sys
from pathlib import Path

GIVEN = ".given.json"


def main() -> None:
    folder = Path.home() / os.environ["COURSE_FOLDER"]
    folder.mkdir(parents=True, exist_ok=True)
    if handout := os.environ.get("COURSE_HANDOUT"):
        try:
            give(Path(handout), folder)
        except OSError as error:  # a full disk: whoever cannot sign in cannot make room
            print(f"Not all of the course's files could be copied: {error}", file=sys.stderr)
    os.chdir(folder)
    server = Path(sys.executable).with_name("jupyterhub-singleuser")
    os.execv(sys.executable, [sys.executable, "-P", str(server), *sys.argv[1:]])


def give(handout: Path, folder: Path) -> None:
    """Copy the course's files into a student's folder; a file that the student has changed is never touched.

    A file as it was given is replaced when the course has a newer one, and a file that is gone comes back.
    """
    given = read_note(folder / GIVEN)
    for source in sorted(path for path in handout.rglob("*") if path.is_file()):
        name = source.relative_to(handout).as_posix()
        target = folder / name
        if target.exists() and not target.is_file():
            continue
        old, new = digest(target) if target.exists() else None, digest(source)
        if old not in (None, new, given.get(name)):
            continue
        if old != new:
            write(target, source.read_bytes())
        given[name] = new
    write(folder / GIVEN, json.dumps(given).encode())


def read_note(path: Path) -> dict[str, str]:
    """What was given so far; if that cannot be read, nothing that is there is taken for as it was given."""
    try:
        given = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return given if isinstance(given, dict) else {}


def write(path: Path, content: bytes) -> None:
    """The whole file, or the one that was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
