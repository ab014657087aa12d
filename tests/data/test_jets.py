"""jets() gives read-only features in three parts; a file that is not whole or not ours is refused in one line."""

import json
import shutil
import sys

import awkward as ak
import numpy as np
import pytest
import uproot

from course_utils.data import DataError, jet_constituents, jets, jets_path, jets_provenance, simulated, store
from course_utils.physics import files
from course_utils.physics.branches import FEATURES, SPLITS

ARRAYS = ("X_train", "y_train", "X_validation", "y_validation", "X_test", "y_test")


@pytest.fixture(scope="module")
def some():
    """The first 300 jets of the sample, as a table."""
    with uproot.open(jets_path()) as file:
        assert file["jets"].num_entries == 25_000
    return files.take(files.read(jets_path()), slice(300))


def without(path, table, *dropped, tree="jets"):
    """A file with the branches of features and labels that a table has, but the `dropped`."""
    per_jet = {name: values for name, values in table.items() if isinstance(values, np.ndarray) and name not in dropped}
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: values.dtype for name, values in per_jet.items()}).extend(per_jet)
    return path


def test_shapes_types_and_names():
    data = jets()
    assert [getattr(data, name).shape for name in ARRAYS] == [
        (15000, 27),
        (15000,),
        (5000, 27),
        (5000,),
        (5000, 27),
        (5000,),
    ]
    assert {getattr(data, name).dtype for name in ARRAYS[::2]} == {np.dtype(np.float32)}
    assert {getattr(data, name).dtype for name in ARRAYS[1::2]} == {np.dtype(np.int64)}
    assert (data.features, data.classes) == (FEATURES, ("q", "g", "W", "Z", "t"))
    for name in ARRAYS[1::2]:
        assert len(set(np.bincount(getattr(data, name)))) == 1


def test_values_are_those_of_the_file():
    with uproot.open(jets_path()) as file:
        tree = file["jets"].arrays(["event", "label", "msd", "n"], library="np")
    data = jets()
    for part, X, y in zip(
        (tree["event"] % 5 < 3, tree["event"] % 5 == 3, tree["event"] % 5 == 4), data[0:6:2], data[1:6:2], strict=True
    ):
        assert (X[:, data.features.index("msd")] == tree["msd"][part]).all()
        assert (X[:, data.features.index("n")] == tree["n"][part]).all()
        assert (y == tree["label"][part]).all()


def test_constituents_are_those_of_the_same_jets():
    constituents = jet_constituents()
    data = jets()
    for name in SPLITS:
        X, part = getattr(data, f"X_{name}"), getattr(constituents, name)
        n = X[:, data.features.index("n")]
        assert (ak.to_numpy(ak.num(part)) == np.minimum(n, 50)).all()
        pt = ak.to_numpy(ak.sum(part.pt, axis=1))
        assert np.corrcoef(pt, X[:, data.features.index("pt")])[0, 1] > 0.9
        assert set(np.unique(ak.to_numpy(ak.flatten(part.kind)))) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_read_only(name):
    array = getattr(jets(), name)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.setflags(write=True)


def test_a_second_call_gives_the_same_arrays():
    assert jets() is jets()
    assert jet_constituents() is jet_constituents()


def test_the_provenance_is_at_hand():
    assert jets_provenance()["command"] == "make jets-sample"
    assert jets_provenance(str(jets_path())) == jets_provenance()


def test_a_file_of_ones_own_is_read_too(tmp_path, some):
    files.write(tmp_path / "mine.root", [some], {"command": "course jets …"})
    data = jets(tmp_path / "mine.root")
    rows = some["event"] % 5 == 4
    assert (data.X_test[:, 0] == some["pt"][rows]).all() and (data.y_test == some["label"][rows]).all()
    assert ak.all(jet_constituents(str(tmp_path / "mine.root")).test.pt == some["constituent_pt"][rows])
    assert jets_provenance(tmp_path / "mine.root")["command"] == "course jets …"


# ── Files that are not as they should be ────────────────────────────────────────────────────────────────────────


def refused(path, read=jets):
    """The one line with which a file is refused."""
    with pytest.raises(DataError) as caught:
        read(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.3, 0.7, 0.99, 0.999999])
@pytest.mark.parametrize("read", [jets, jet_constituents, jets_provenance])
def test_a_truncated_file_is_refused(tmp_path, share, read):
    content = jets_path().read_bytes()
    path = tmp_path / "cut.root"
    path.write_bytes(content[: int(share * len(content))])
    assert "is not a whole ROOT file of jets" in refused(path, read)


def test_an_overwritten_stretch_is_refused(tmp_path):
    content = bytearray(jets_path().read_bytes())
    content[1000:-50_000] = bytes(len(content) - 51_000)
    path = tmp_path / "holes.root"
    path.write_bytes(content)
    assert "is not a whole ROOT file of jets" in refused(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"root", b"root" + bytes(5000), b"PK\x03\x04" * 1000])
def test_what_is_no_root_file_is_refused(tmp_path, content):
    path = tmp_path / "foreign.root"
    path.write_bytes(content)
    assert "is not a whole ROOT file of jets" in refused(path)


def test_a_root_file_of_something_else_is_refused(tmp_path, some):
    path = without(tmp_path / "events.root", some, tree="Events")
    assert "has no tree 'jets', it holds Events" in refused(path)


def test_a_histogram_called_jets_is_refused(tmp_path):
    path = tmp_path / "histogram.root"
    with uproot.recreate(path) as file:
        file["jets"] = np.histogram([1.0, 2.0])
    assert "has no tree 'jets', it holds jets" in refused(path)


@pytest.mark.parametrize("branch", ["msd", "label", "event"])
def test_a_missing_branch_is_named(tmp_path, some, branch):
    assert f"has no branch {branch}." in refused(without(tmp_path / "less.root", some, branch))


def test_missing_constituents_are_named_when_they_are_asked_for(tmp_path, some):
    path = without(tmp_path / "features.root", some)
    assert len(jets(path).X_train) > 0
    assert "has no branch constituent_pt, constituent_deta" in refused(path, jet_constituents)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_refused(tmp_path, some, bad):
    spoiled = {**some, "tau21": some["tau21"].copy()}
    spoiled["tau21"][17] = bad
    path = tmp_path / "nan.root"
    files.write(path, [spoiled], {})
    assert "has NaN or infinite values in branch tau21" in refused(path)


def test_a_constituent_that_is_no_number_is_refused(tmp_path, some):
    spoiled = {
        **some,
        "constituent_pt": ak.where(some["constituent_pt"] > 100, np.float32(np.nan), some["constituent_pt"]),
    }
    path = tmp_path / "nan.root"
    files.write(path, [spoiled], {})
    assert "has NaN or infinite values in branch constituent_pt" in refused(path, jet_constituents)


def test_a_branch_of_another_shape_is_refused(tmp_path, some):
    table = {name: values for name, values in some.items() if isinstance(values, np.ndarray)}
    table["msd"] = np.stack([table["msd"]] * 3, axis=1)
    path = tmp_path / "shape.root"
    with uproot.recreate(path) as file:
        types = {
            name: (values.dtype, values.shape[1:]) if values.ndim > 1 else values.dtype
            for name, values in table.items()
        }
        file.mktree("jets", types).extend(table)
    assert "has another shape of branch msd" in refused(path)


def test_a_file_without_jets_is_refused(tmp_path, some):
    path = tmp_path / "empty.root"
    files.write(path, [files.take(some, slice(0))], {})
    assert "holds no jets" in refused(path)


def test_a_file_that_is_not_there(tmp_path):
    assert "There is no file" in refused(tmp_path / "nowhere.root")


def test_a_file_that_does_not_say_how_it_was_made(tmp_path, some):
    assert "does not say how it was made" in refused(without(tmp_path / "mute.root", some), jets_provenance)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A copy of the sample that the loaders read instead, freshly."""
    files_copy = shutil.copytree(store.FILES, tmp_path / "files")
    monkeypatch.setattr(store, "FILES", files_copy)
    for cached in (simulated._shipped_jets, simulated._shipped_constituents):
        cached.cache_clear()
        monkeypatch.setattr(simulated, cached.__name__, cached.__wrapped__)
    return files_copy / "jets/jets.root"


@pytest.mark.parametrize("read", [jets, jet_constituents, jets_provenance])
def test_a_damaged_sample_is_refused_before_it_is_read(shipped, read):
    shipped.write_bytes(shipped.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"jets.root is damaged. To repair it: "):
        read()


@pytest.mark.parametrize("module", ["uproot", "awkward"])
def test_without_uproot_or_awkward_one_line_says_what_to_install(shipped, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    for read in (jets, jet_constituents):
        with pytest.raises(
            ImportError, match=rf"^{module} is not installed. In the course folder: pip install -e '.\[ml\]'$"
        ):
            read()


def test_provenance_is_plain_json():
    assert json.loads(json.dumps(jets_provenance())) == jets_provenance()
