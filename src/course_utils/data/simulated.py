"""Our own jets: what 25 000 simulated jets look like, as features for a classifier and as constituents.

Reading needs uproot and awkward (extra `ml` or `jets`), which are imported when a loader is called. How the jets were
made is in `course_utils.physics`; `course jets` makes more.
"""

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course_utils.data.store import locate
from course_utils.physics.branches import CLASSES, CONSTITUENT_BRANCHES, FEATURES, split_of
from course_utils.physics.extras import require

if TYPE_CHECKING:
    import awkward

SHIPPED = "jets/jets.root"


class Jets(NamedTuple):
    """Features X (N, n_features) float32 and labels y (N,) int64, in three parts that share no collision.

    Column j of every X is `features[j]` (`pt`, `mass` and `msd` in GeV; `branches.FEATURE_BRANCHES` has all units), and
    label k means `classes[k]`.
    """

    X_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    X_validation: NDArray[np.float32]
    y_validation: NDArray[np.int64]
    X_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    features: tuple[str, ...]
    classes: tuple[str, ...]


class Constituents(NamedTuple):
    """The leading constituents of the jets of `Jets`, in the same order: one list per jet, by falling pt.

    Fields of a constituent: `pt` (GeV), `deta`, `dphi` (rad; both from the axis of the jet), `charge` (e), `kind`
    (0 photon, 1 charged hadron, 2 neutral hadron, 3 electron, 4 muon).
    """

    train: "awkward.Array"
    validation: "awkward.Array"
    test: "awkward.Array"


def jets(path: str | Path | None = None) -> Jets:
    """The features of the jets that ship with the package, or of a file made by `course jets`, as read-only arrays.

    The sample has 5000 jets of each class q, g, W, Z, t: 3000 to train on, 1000 to validate, 1000 to test. Two jets of
    one collision are always in the same part. Raises `DataError` if the file is missing, damaged or not ours.

    >>> data = jets()
    >>> data.X_train.shape, data.X_test.shape, data.classes
    ((15000, 27), (5000, 27), ('q', 'g', 'W', 'Z', 't'))
    >>> msd = data.X_train[:, data.features.index("msd")]
    >>> bool(75 < np.median(msd[data.y_train == data.classes.index("W")]) < 85)  # GeV
    True
    """
    return _shipped_jets() if path is None else _jets(Path(path))


def jet_constituents(path: str | Path | None = None) -> Constituents:
    """Up to 50 constituents of each jet of `jets()`, as awkward arrays in the same order.

    >>> train = jet_constituents().train
    >>> len(train), train.fields
    (15000, ['pt', 'deta', 'dphi', 'charge', 'kind'])
    """
    return _shipped_constituents() if path is None else _constituents(Path(path))


def jets_path() -> Path:
    """The ROOT file of the sample, verified, to be opened with uproot: its tree is called `jets`.

    >>> jets_path().name
    'jets.root'
    """
    return locate(SHIPPED)


def jets_provenance(path: str | Path | None = None) -> dict[str, Any]:
    """How a file of jets was made: command, recipes (with seed), versions, rule of the splits, checksums of arrays.

    >>> jets_provenance()["command"]
    'make jets-sample'
    """
    from course_utils.physics import files

    return files.provenance(jets_path() if path is None else Path(path))


@functools.cache
def _shipped_jets() -> Jets:
    return _jets(jets_path())


@functools.cache
def _shipped_constituents() -> Constituents:
    return _constituents(jets_path())


def _jets(path: Path) -> Jets:
    from course_utils.physics import files

    table = files.read(path, {"label", "event", *FEATURES})
    X = np.stack([table[name] for name in FEATURES], axis=1)
    y = table["label"].astype(np.int64)
    split = split_of(table["event"])
    parts = [_read_only(values[split == part]) for part in range(3) for values in (X, y)]
    return Jets(*parts, features=FEATURES, classes=CLASSES[: y.max() + 1])


def _constituents(path: Path) -> Constituents:
    from course_utils.physics import files

    (ak,) = require("awkward", extra="ml")
    names = [branch.name for branch in CONSTITUENT_BRANCHES]
    table = files.read(path, {"event", *names})
    records = ak.zip({name.removeprefix("constituent_"): table[name] for name in names})
    split = split_of(table["event"])
    return Constituents(*(records[split == part] for part in range(3)))


def _read_only(values: NDArray) -> NDArray:
    """A copy over bytes, which nobody can make writable again."""
    return np.frombuffer(values.tobytes(), values.dtype).reshape(values.shape)
