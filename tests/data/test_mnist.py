"""mnist() gives the known digits, as arrays that nobody can spoil, or says what is wrong with the files."""

import shutil
import time

import numpy as np
import pytest

from course_utils.data import DataError, mnist, shipped_files, store


def test_shapes_and_types():
    data = mnist()
    assert [array.shape for array in data] == [(60000, 28, 28), (60000,), (10000, 28, 28), (10000,)]
    assert {array.dtype for array in data} == {np.dtype(np.uint8)}
    X_train, y_train, X_test, y_test = data
    assert (X_train is data.X_train, y_train is data.y_train) == (True, True)
    assert (X_test is data.X_test, y_test is data.y_test) == (True, True)


def test_labels_are_those_of_mnist():
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(mnist().y_train).tolist() == train
    assert np.bincount(mnist().y_test).tolist() == test
    assert mnist().y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist().y_test[:5].tolist() == [7, 2, 1, 0, 4]


def test_pixels_are_those_of_mnist():
    X = mnist().X_train
    assert (X.min(), X.max()) == (0, 255)
    assert X.mean() == pytest.approx(33.3184, abs=1e-4)
    assert X.std() == pytest.approx(78.5675, abs=1e-4)
    assert mnist().X_test.mean() == pytest.approx(33.7912, abs=1e-4)


def test_images_are_upright():
    """A one is taller than wide; an image read column by column would lie on its side."""
    ones = mnist().X_train[mnist().y_train == 1].mean(axis=0)
    assert (ones.max(axis=1) > 50).sum() > 1.5 * (ones.max(axis=0) > 50).sum()


@pytest.mark.parametrize("field", ["X_train", "y_train", "X_test", "y_test"])
def test_arrays_are_read_only(field):
    array = getattr(mnist(), field)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.setflags(write=True)
    copy = array.copy()
    copy[0] = 0


def test_size_and_loading_time_are_noted(record_property):
    files = [file for file in shipped_files() if file.name.startswith("mnist/")]
    size = sum(file.size for file in files)
    started = time.perf_counter()
    mnist.__wrapped__()
    record_property("MNIST", f"{size / 1e6:.1f} MB in the package, loaded in {time.perf_counter() - started:.2f} s")
    assert size <= 10_000_000


def test_a_second_call_gives_the_same_arrays():
    assert mnist() is mnist()


@pytest.mark.parametrize("state", ["missing", "damaged"])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.xz", "t10k-labels-idx1-ubyte.xz"])
def test_it_says_which_file_is_wrong(tmp_path, monkeypatch, name, state):
    files = shutil.copytree(store.FILES, tmp_path / "files")
    monkeypatch.setattr(store, "FILES", files)
    mnist.cache_clear()
    path = files / "mnist" / name
    path.unlink() if state == "missing" else path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=f"{name} is {state}. To repair it: "):
        mnist()
