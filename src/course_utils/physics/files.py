"""Files of jets: a ROOT TTree with the branches of `branches.BRANCHES`, and in the same file how they were made."""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from course_utils.data.store import DataError
from course_utils.physics.branches import BRANCHES, CONSTITUENT_BRANCHES, FEATURES, STORED_CONSTITUENTS, TREE
from course_utils.physics.extras import require
from course_utils.physics.recipe import JetError

if TYPE_CHECKING:
    import awkward

Table = dict[str, "NDArray | awkward.Array"]
"""The branches of some jets by name: an array (N,) each, and one list per jet for the constituents."""

PROVENANCE = "provenance"
COUNTER = "n_stored"
PER_JET = tuple(branch for branch in BRANCHES if not branch.shape)
AGAIN = "make it again with course jets"


# ── Tables ──────────────────────────────────────────────────────────────────────────────────────────────────────


def table_of(label: int, jets: "awkward.Array") -> Table:
    """The branches of jets as `events.jets_of_shard` gives them, all of one class."""
    from course_utils.physics.features import direction, jet_features, wrap

    (ak,) = require("awkward", extra="jets")
    columns: dict[str, Any] = jet_features(jets.constituents)
    jet_eta, jet_phi = columns["eta"], columns["phi"]
    columns |= {name: ak.to_numpy(jets[name]) for name in ("event", "jet_rank", "truth_id", "weight")}
    columns["label"] = np.full(len(jets), label)

    leading = jets.constituents[:, :STORED_CONSTITUENTS]
    counts = ak.to_numpy(ak.num(leading))
    flat = {name: ak.to_numpy(ak.flatten(leading[name])) for name in ("px", "py", "pz", "charge", "kind")}
    pt, eta, phi = direction(flat["px"], flat["py"], flat["pz"])
    columns |= {
        "constituent_pt": pt,
        "constituent_deta": eta - np.repeat(jet_eta, counts),
        "constituent_dphi": wrap(phi - np.repeat(jet_phi, counts)),
        "constituent_charge": flat["charge"],
        "constituent_kind": flat["kind"],
    }
    table: Table = {branch.name: columns[branch.name].astype(branch.dtype) for branch in BRANCHES}
    for branch in CONSTITUENT_BRANCHES:
        table[branch.name] = ak.unflatten(table[branch.name], counts)
    return table


def concatenate(tables: Sequence[Table]) -> Table:
    """The jets of several tables, one after the other."""
    (ak,) = require("awkward", extra="ml")
    join = {branch.name: ak.concatenate if branch.shape else np.concatenate for branch in BRANCHES}
    return {name: join[name]([table[name] for table in tables]) for name in join}


def take(table: Table, rows: NDArray | slice) -> Table:
    """Some jets of a table, by number, by mask or as a slice."""
    return {name: values[rows] for name, values in table.items()}


def reduce_precision(table: Table) -> Table:
    """The table rounded to what a small file can hold: 12 bits of mantissa for features, 8 for the pt of constituents,
    and a grid of 0.002 for their Δη and Δφ."""
    (ak,) = require("awkward", extra="ml")
    reduced = dict(table)
    for name in (*FEATURES, "weight"):
        reduced[name] = round_mantissa(table[name], 12)
    for name in ("constituent_pt", "constituent_deta", "constituent_dphi"):
        counts, flat = ak.num(table[name]), ak.to_numpy(ak.flatten(table[name]))
        rounded = round_mantissa(flat, 8) if name == "constituent_pt" else round_to_grid(flat, 500)
        reduced[name] = ak.unflatten(rounded, counts)
    return reduced


def round_mantissa(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """The nearest numbers with only `bits` bits behind the binary point.

    >>> float(round_mantissa(np.array([80.377], dtype=np.float32), 8)[0])
    80.5
    """
    dropped = 23 - bits
    whole = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half = np.uint32(1 << (dropped - 1))
    return ((whole + half) >> np.uint32(dropped) << np.uint32(dropped)).view(np.float32)


def round_to_grid(values: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """The nearest numbers of a grid with `steps` steps per unit; no −0."""
    return (np.rint(values * np.float32(steps)).astype(np.int32) / np.float32(steps)).astype(np.float32)


class Checksums:
    """The SHA-256 of each branch, however its jets are cut into pieces.

    It is that of the values alone, little-endian and one after the other; `n_stored` is that of the number of stored
    constituents per jet, as 64-bit integers. The bytes of a ROOT file, with its time stamps, do not enter.
    """

    def __init__(self) -> None:
        self._hashes = {name: hashlib.sha256() for name in (*(branch.name for branch in BRANCHES), COUNTER)}

    def add(self, table: Table) -> None:
        """Append jets."""
        (ak,) = require("awkward", extra="ml")
        for branch in BRANCHES:
            values = ak.flatten(table[branch.name]) if branch.shape else table[branch.name]
            self._update(branch.name, ak.to_numpy(values), branch.dtype)
        self._update(COUNTER, ak.to_numpy(ak.num(table["constituent_pt"])), "int64")

    def hexdigests(self) -> dict[str, str]:
        """The checksums so far, by branch."""
        return {name: sha256.hexdigest() for name, sha256 in self._hashes.items()}

    def _update(self, name: str, values: NDArray, dtype: str) -> None:
        self._hashes[name].update(np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<")).tobytes())


def checksums(table: Table) -> dict[str, str]:
    """The SHA-256 of each branch of a table; see `Checksums`."""
    sums = Checksums()
    sums.add(table)
    return sums.hexdigests()


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────


def write(
    path: Path, tables: Iterable[Table], provenance: dict[str, Any], *, level: int = 1, scratch: Path | None = None
) -> dict[str, Any]:
    """Write jets, piece by piece, as `path`; gives back the provenance as stored, with branches and checksums.

    The file gets its name when it is whole; a failure leaves nothing, and a kill a temporary file in the folder
    `scratch` (default: beside `path`). `level`: of LZMA, 1 (fast) to 9 (small).
    """
    ak, uproot = require("awkward", "uproot", extra="jets")
    types = {branch.name: np.dtype(branch.dtype) for branch in PER_JET}
    of_constituents = {branch.name.removeprefix("constituent_"): branch.dtype for branch in CONSTITUENT_BRANCHES}
    record = ", ".join(f"{name}: {dtype}" for name, dtype in of_constituents.items())
    sums = Checksums()
    with (
        _renamed_when_whole(path, scratch or path.parent) as temporary,
        uproot.recreate(temporary, compression=uproot.LZMA(level)) as file,
    ):
        # Plain assignment would write an RNTuple, which older ROOT and uproot cannot read.
        tree = file.mktree(
            TREE,
            {**types, "constituent": f"var * {{{record}}}"},
            title="jets of From Perceptrons to Jets",
            counter_name=lambda _: COUNTER,
        )
        for table in tables:
            sums.add(table)
            constituents = ak.zip({name: table[f"constituent_{name}"] for name in of_constituents})
            tree.extend({**{name: table[name] for name in types}, "constituent": constituents})
        meanings = {b.name: f"{b.meaning} [{b.unit}]" if b.unit else b.meaning for b in BRANCHES}
        stored = {**provenance, "branches": meanings, "checksums": sums.hexdigests()}
        file[PROVENANCE] = json.dumps(stored, indent=1, ensure_ascii=False)
    return stored


@contextlib.contextmanager
def _renamed_when_whole(path: Path, folder: Path) -> Iterator[Path]:
    """A temporary name in `folder`, which becomes `path` at the end, or vanishes if something goes wrong."""
    temporary = folder / f".{path.name}.{os.getpid()}.part"
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        # Not `from error`: the reader can do nothing with where in uproot the disk was full.
        raise JetError(f"{path} cannot be written: {error.strerror or error}. Nothing half-written is left.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed run left in its folder beside whole files."""
    for leftover in folder.glob(".*.part"):
        leftover.unlink(missing_ok=True)
    for scratch in folder.glob(".dask-*"):
        shutil.rmtree(scratch, ignore_errors=True)


def versions() -> dict[str, str]:
    """The packages that decide about the values in a file."""
    return {name: importlib.metadata.version(name) for name in ("pythia8mc", "fastjet", "awkward", "uproot", "numpy")}


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def read(path: Path, names: Iterable[str] | None = None) -> Table:
    """The branches `names` (default: all) of a file of jets; `DataError` says what is wrong with another file."""
    ak, _ = require("awkward", "uproot", extra="ml")
    wanted = [branch for branch in BRANCHES if names is None or branch.name in set(names)]
    with _opened(path) as file:
        tree = file[TREE]
        missing = [branch.name for branch in wanted if branch.name not in tree.keys()]  # noqa: SIM118 (no mapping)
        if missing:
            raise DataError(f"{path} has no branch {', '.join(missing)}", AGAIN)
        if tree.num_entries == 0:
            raise DataError(f"{path} holds no jets", AGAIN)
        arrays = tree.arrays([branch.name for branch in wanted], library="ak", how=dict)
        table: Table = {}
        for branch in wanted:
            values = arrays[branch.name]
            if (values.ndim > 1) != bool(branch.shape):
                raise DataError(f"{path} has another shape of branch {branch.name} than course jets writes", AGAIN)
            table[branch.name] = values if branch.shape else ak.to_numpy(values).astype(branch.dtype, copy=False)
            if not np.isfinite(ak.to_numpy(ak.flatten(values, axis=None))).all():
                raise DataError(f"{path} has NaN or infinite values in branch {branch.name}", AGAIN)
    return table


def provenance(path: Path) -> dict[str, Any]:
    """How a file of jets was made: command, recipes, versions; what its branches mean, and their checksums."""
    with _opened(path) as file:
        if PROVENANCE not in file:
            raise DataError(f"{path} does not say how it was made", AGAIN)
        return json.loads(str(file[PROVENANCE]))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The open file; whatever goes wrong while it is read becomes one line."""
    (uproot,) = require("uproot", extra="ml")
    if not path.is_file():
        raise DataError(f"There is no file {path}", "check its name, or make it with course jets")
    try:
        with path.open("rb") as stream, uproot.open(stream) as file:
            if file.file.fEND > path.stat().st_size:
                raise ValueError("its end is missing")
            if not file.keys():
                raise ValueError("it holds nothing")
            if TREE not in file or file.classname_of(TREE) != "TTree":
                held = ", ".join(file.keys(cycle=False))
                raise DataError(f"{path} has no tree {TREE!r}, it holds {held}", AGAIN)
            yield file
    except DataError:
        raise
    # uproot meets a damaged file with a dozen kinds of error, from struct.error to its own.
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(f"{path} is not a whole ROOT file of jets ({reason[0][:80]})", AGAIN) from None
