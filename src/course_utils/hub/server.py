"""What runs as a student, or the instructor, when their server starts: lay out the course folder, become the server."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

GIVEN = ".given.json"


def main() -> None:
    folder = Path.home() / os.environ["COURSE_FOLDER"]
    folder.mkdir(parents=True, exist_ok=True)
    if handout := os.environ.get("COURSE_HANDOUT"):
        give(Path(handout), folder)
    os.chdir(folder)
    server = Path(sys.executable).with_name("jupyterhub-singleuser")
    os.execv(sys.executable, [sys.executable, "-P", str(server), *sys.argv[1:]])


def give(handout: Path, folder: Path) -> None:
    """Copy the course's files into a student's folder; a file that the student has changed is never touched.

    A file as it was given is replaced when the course has a newer one, and a file that is gone comes back.
    """
    note = folder / GIVEN
    given = json.loads(note.read_text()) if note.is_file() else {}
    for source in sorted(path for path in handout.rglob("*") if path.is_file()):
        name = source.relative_to(handout).as_posix()
        target = folder / name
        if target.exists() and digest(target) != given.get(name):
            continue
        given[name] = digest(source)
        if target.exists() and digest(target) == given[name]:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    note.write_text(json.dumps(given))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
