"""The challenge of lecture D, "can you beat me?": entries of a class, and the leaderboard made of them.

A student's notebook writes its network with `save_entry`. Whoever grades reads it with `score`, as data that may be
hostile: nothing in the file is run or believed, and the network's answers are worked out here. No label is needed
where a student's code runs. What this protects is the process, not the labels: those of MNIST are public, and a
determined student can train on the test images. A score is therefore an honor, never a grade.
"""

import csv
import io
import math
import os
import stat
import sys
import unicodedata
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from course_utils.data import DataError, mnist
from course_utils.names import unknown_name

SHAPES = {"W1": (784, 16), "b1": (16,), "W2": (16, 16), "b2": (16,), "W3": (16, 10), "b3": (10,)}
ASSIGNMENTS = ("numpy_mnist",)
FILE = "challenge.npz"
MAX_BYTES = 300_000  #: of the file, and of each array in it; 13 002 weights in float64 take 104 kB
MAX_NICKNAME = 24
COLUMNS = ("rank", "nickname", "accuracy", "weights")

AGAIN = "write it again with challenge.save_entry"


class EntryError(Exception):
    """An entry that cannot be taken: one sentence that says why and what to do."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook, show the sentence alone."""
        return [f"{type(self).__name__}: {self}"]


class Entry(NamedTuple):
    """What an entry is worth; the nickname is None if its author does not want to be on the leaderboard."""

    accuracy: float
    nickname: str | None
    n_weights: int


def save_entry(path: str | Path, weights: Mapping[str, ArrayLike], nickname: str | None = None) -> None:
    """Write the network to the file `path`; without a nickname it stays off the leaderboard.

    `weights` maps W1 (784, 16), b1 (16,), W2 (16, 16), b2 (16,), W3 (16, 10), b3 (10,) to arrays of floats.
    """
    if not isinstance(weights, Mapping) or weights.keys() != SHAPES.keys():
        raise EntryError(f"The weights must be a dict with the keys {', '.join(SHAPES)}, no more and no fewer.")
    arrays = {name: np.array(weights[name]) for name in SHAPES}
    for name, array in arrays.items():
        _check_form(name, array.shape, array.dtype)
        _check_finite(name, array)
    if nickname is not None:
        arrays["nickname"] = np.array(_checked(nickname))
    with Path(path).open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def score(path: str | Path, images: ArrayLike | None = None, labels: ArrayLike | None = None) -> Entry:
    """The accuracy of the network in the file `path` on `images` (N, 28, 28), 0 to 255, with `labels` (N,).

    Without them, on the 10 000 test digits of MNIST. Raises `EntryError` for a file that `save_entry` would not write.
    """
    if (images is None) != (labels is None):
        raise ValueError("give both images and labels, or neither for the test digits of MNIST")
    if images is None:
        _, _, images, labels = mnist()
    weights, nickname = _read(Path(path))
    hits = np.count_nonzero(predict(weights, images) == np.asarray(labels))
    return Entry(float(hits / len(labels)), nickname, sum(w.size for w in weights.values()))


def predict(weights: Mapping[str, NDArray], images: ArrayLike) -> NDArray[np.intp]:
    """The digits (N,) that the network reads on `images` (N, 28, 28), 0 to 255.

    >>> predict({name: np.zeros(shape) for name, shape in SHAPES.items()}, np.zeros((2, 28, 28)))
    array([0, 0])
    """
    W = {name: np.asarray(w, dtype=float) for name, w in weights.items()}
    A = np.reshape(images, (len(images), -1)) / 255  # (N, 784)
    with np.errstate(over="ignore", invalid="ignore"):
        A = np.maximum(A @ W["W1"] + W["b1"], 0)  # (N, 16)
        A = np.maximum(A @ W["W2"] + W["b2"], 0)  # (N, 16)
        Z = A @ W["W3"] + W["b3"]  # (N, 10)
    if not np.isfinite(Z).all():
        raise EntryError("The outputs of the network overflow: train again with a smaller learning rate.")
    return Z.argmax(axis=1)


def main(assignment: str, submitted: str | Path, out: str | Path) -> int:
    """`course leaderboard`: print the table, write it to `out`, say which entries cannot be read; the exit code."""
    submitted, out = Path(submitted), Path(out)
    if assignment not in ASSIGNMENTS:
        print(unknown_name("challenge", assignment, ASSIGNMENTS), file=sys.stderr)
        return 1
    try:
        rows, problems = leaderboard(submitted, assignment)
        _write(rows, out)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}. Name the folders with --submitted and --out.", file=sys.stderr)
        return 1
    for row in [COLUMNS, *rows]:
        print("{:>4}  {:{}}  {:>8}  {:>7}".format(*row[:2], MAX_NICKNAME, *row[2:]))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def leaderboard(submitted: Path, assignment: str) -> tuple[list[tuple], list[str]]:
    """The rows of the leaderboard, best first, and what is wrong with the entries that cannot be read.

    Entries lie at <submitted>/<student>/<assignment>/challenge.npz. Equal accuracies share a rank.
    """
    entries, problems = [], []
    for student in sorted(submitted.iterdir()):
        path = student / assignment / FILE
        try:
            if student.is_symlink() or path.parent.is_symlink():
                raise EntryError("A link stands in place of a folder: collect the submission again, without it.")
            if os.path.lexists(path):
                entries.append(score(path))
        except (EntryError, OSError) as error:
            problems.append(f"{student.name!r}: {error}")
    listed = sorted((e for e in entries if e.nickname is not None), key=lambda e: (-e.accuracy, e.nickname))
    ranks = [1 + sum(other.accuracy > e.accuracy for other in listed) for e in listed]
    rows = [(rank, e.nickname, f"{e.accuracy:.4f}", e.n_weights) for rank, e in zip(ranks, listed, strict=True)]
    return rows, problems


def _write(rows: list[tuple], out: Path) -> None:
    """Write the rows to the file `out`, which at any time is the old one or the new one, whole."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _checked(nickname: str) -> str:
    """The nickname, if it is harmless in a terminal, on a page, and in a spreadsheet, where = + - @ begin a formula."""
    harmless = isinstance(nickname, str) and 0 < len(nickname) <= MAX_NICKNAME and nickname[0].isalnum()
    if not harmless or not all(c.isalnum() or c in " ._-" or unicodedata.category(c)[0] == "M" for c in nickname):
        raise EntryError(
            f"The nickname cannot be shown: choose 1 to {MAX_NICKNAME} letters, digits, spaces, dots, hyphens and "
            f"underscores, beginning with a letter or digit, and {AGAIN}."
        )
    return nickname


def _read(path: Path) -> tuple[dict[str, NDArray], str | None]:
    """The weights in the file, each of the form that is asked for, and the nickname if there is one."""
    try:
        with zipfile.ZipFile(io.BytesIO(_content(path))) as archive:
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            if members.keys() - {"nickname"} != SHAPES.keys() or len(members) != len(archive.infolist()):
                raise EntryError(f"The entry must hold {', '.join(SHAPES)}, each once, and nothing else: {AGAIN}.")
            arrays = {name: _array(archive, name, member) for name, member in members.items()}
            nickname = arrays.pop("nickname").item() if "nickname" in arrays else None
    except EntryError:
        raise
    except Exception:  # a broken file can fail in any line of zipfile, zlib and NumPy
        raise EntryError(f"The entry is damaged, or not made by this course: {AGAIN}.") from None
    return arrays, None if nickname is None else _checked(nickname)


def _content(path: Path) -> bytes:
    """The bytes of the file, if it is an ordinary one and small; a link is not followed, a pipe not waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise EntryError(f"The entry cannot be opened ({error.strerror}): put an ordinary file there.") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise EntryError(f"The entry is not an ordinary file: {AGAIN}.")
        content = os.read(handle, MAX_BYTES + 1)
    finally:
        os.close(handle)
    if len(content) > MAX_BYTES:
        raise EntryError(f"The entry is larger than {MAX_BYTES // 1000} kB: save the six arrays alone, and {AGAIN}.")
    return content


def _array(archive: zipfile.ZipFile, name: str, member: zipfile.ZipInfo) -> NDArray:
    """One array of the archive; its size and form are known to be right before it gets any memory."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise EntryError(f"{name} is packed in an unusual way: {AGAIN}.")
    too_large = member.file_size > MAX_BYTES  # as the archive says, which may lie
    if not too_large:
        with archive.open(member) as stream:
            content = stream.read(MAX_BYTES + 1)
        too_large = len(content) > MAX_BYTES
    if too_large:
        raise EntryError(f"{name} unpacks to more than {MAX_BYTES // 1000} kB: {AGAIN}.")
    header = io.BytesIO(content)
    if npy.read_magic(header) != (1, 0):
        raise EntryError(f"{name} is stored in another format than .npy 1.0: {AGAIN}.")
    shape, _, dtype = npy.read_array_header_1_0(header, max_header_size=500)
    _check_form(name, shape, dtype)
    if len(content) != header.tell() + math.prod(shape) * dtype.itemsize:
        raise EntryError(f"{name} does not hold as many numbers as it claims: {AGAIN}.")
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if name in SHAPES:
        _check_finite(name, array)
    return array


def _check_form(name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    expected, kind, size = (SHAPES[name], "f", 8) if name in SHAPES else ((), "U", 4 * MAX_NICKNAME)
    if shape != expected:
        raise EntryError(f"{name} has shape {shape}, expected {expected}: save a network of 784-16-16-10 units.")
    if dtype.kind != kind or dtype.itemsize > size:
        wanted = "float64 or float32" if kind == "f" else f"a text of at most {MAX_NICKNAME} characters"
        raise EntryError(f"{name} is of type {dtype.name}, expected {wanted}: convert it, and {AGAIN}.")


def _check_finite(name: str, array: NDArray) -> None:
    if not np.isfinite(array).all():
        raise EntryError(f"{name} holds NaN or infinity: train again with a smaller learning rate.")
