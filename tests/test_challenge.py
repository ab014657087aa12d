"""Entries for the challenge: what is written is read, what is hostile is refused, and the leaderboard is fair."""

import csv
import io
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest

from course_utils import challenge
from course_utils.challenge import SHAPES, EntryError, save_entry, score
from tests.test_imports import FRAMEWORKS, imported_by

IMAGES = np.random.default_rng(1).integers(0, 256, (300, 28, 28)).astype(np.uint8)


def network(seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, (2 / shape[0]) ** 0.5, shape) for name, shape in SHAPES.items()}


def answers(w, images):
    """The digits one image at a time, in plain Python loops over the neurons."""
    found = []
    for image in images:
        a = [pixel / 255 for pixel in image.ravel().tolist()]
        for layer in "123":
            W, b = w["W" + layer], w["b" + layer]
            z = [sum(x * W[i, j] for i, x in enumerate(a)) + b[j] for j in range(len(b))]
            a = z if layer == "3" else [max(0, value) for value in z]
        found.append(max(range(10), key=a.__getitem__))
    return np.array(found)


def npy(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array))
    return file.getvalue()


def header(shape, descr="<f8"):
    """The beginning of an .npy file that claims this form."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": descr})
    return file.getvalue()


def write(path, members, **options):
    """An archive with these members, a list of (name, content)."""
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def members(**changed):
    """The members of a good entry, some of them changed, left out (None) or added."""
    content = {name: npy(array) for name, array in network().items()} | changed
    return [(f"{name}.npy", data) for name, data in content.items() if data is not None]


# ── What is written is read ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_entry_is_scored_as_its_network_answers(tmp_path, dtype):
    w = {name: array.astype(dtype) for name, array in network().items()}
    save_entry(tmp_path / "e.npz", w)
    right = answers(w, IMAGES[:40])
    labels = np.where(np.arange(40) % 4 == 0, (right + 1) % 10, right)
    assert score(tmp_path / "e.npz", IMAGES[:40], labels) == (0.75, None, 13_002)


@pytest.mark.slow
def test_the_usual_digits_are_the_test_set_of_mnist(tmp_path):
    from course_utils.data import mnist

    save_entry(tmp_path / "e.npz", network(), "Ada")
    entry = score(tmp_path / "e.npz")
    assert entry == score(tmp_path / "e.npz", mnist().X_test, mnist().y_test)
    assert type(entry.accuracy) is float
    assert entry.nickname == "Ada"
    with pytest.raises(ValueError, match="both"):
        score(tmp_path / "e.npz", mnist().X_test)


@pytest.mark.parametrize(
    "change", [np.asfortranarray, lambda a: a.astype(">f8"), lambda a: np.repeat(a, 2, axis=0)[::2]]
)
def test_weights_in_any_memory_layout_are_the_same_entry(tmp_path, change):
    save_entry(tmp_path / "a.npz", network())
    save_entry(tmp_path / "b.npz", {name: change(array) for name, array in network().items()})
    labels = challenge.predict(network(), IMAGES)
    assert score(tmp_path / "a.npz", IMAGES, labels) == score(tmp_path / "b.npz", IMAGES, labels) == (1.0, None, 13_002)


def test_a_compressed_entry_is_read_as_well(tmp_path):
    np.savez_compressed(tmp_path / "e.npz", **network(), nickname=np.array("Ada"))
    assert score(tmp_path / "e.npz", IMAGES, challenge.predict(network(), IMAGES)) == (1.0, "Ada", 13_002)


@pytest.mark.parametrize("nickname", ["Ada", "x", "n" * 24, "Toni Š. 2", "Åsa-B_c.", "王小明", "आदा", "7 of 9"])
def test_nicknames_of_many_kinds(tmp_path, nickname):
    save_entry(tmp_path / "e.npz", network(), nickname)
    assert score(tmp_path / "e.npz", IMAGES, np.zeros(300)).nickname == nickname


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────

BAD_NICKNAMES = [
    *(
        "",
        " Ada",
        "n" * 25,
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
        "a\tb",
        "a\nb",
        "a\x1b[31m",
        "a\x00b",
    ),
    *("<b>Ada</b>", "Ada & Co", 'A"da', "[x](y)", "`rm`", "a|b", "\u202eadA", "a\u200bb", "\ud800a", "＝1", "é" * 25),
]


@pytest.mark.parametrize("nickname", BAD_NICKNAMES)
def test_a_nickname_that_could_do_harm_is_refused_when_written_and_when_read(tmp_path, nickname):
    with pytest.raises(EntryError, match="nickname"):
        save_entry(tmp_path / "e.npz", network(), nickname)
    assert not (tmp_path / "e.npz").exists()
    write(tmp_path / "e.npz", members(nickname=npy(np.array(nickname))))
    with pytest.raises(EntryError, match="nickname"):
        score(tmp_path / "e.npz", IMAGES, np.zeros(300))


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (None, "keys W1, b1"),
        ({"W1": 0}, "keys W1, b1"),
        (network() | {"W4": np.ones(1)}, "keys W1, b1"),
        (network() | {"W1": np.ones((784, 32))}, r"W1 has shape \(784, 32\), expected \(784, 16\)"),
        (network() | {"b3": np.ones((1, 10))}, r"b3 has shape \(1, 10\), expected \(10,\)"),
        (network() | {"b2": np.ones(16, int)}, "b2 is of type int64, expected float64"),
        (network() | {"b2": np.array([None] * 16)}, "b2 is of type object"),
        (network() | {"W3": np.full((16, 10), np.nan)}, "W3 holds NaN"),
    ],
)
def test_weights_of_another_form_are_not_saved(tmp_path, weights, says):
    with pytest.raises(EntryError, match=says):
        save_entry(tmp_path / "e.npz", weights)
    assert not (tmp_path / "e.npz").exists()


class Trap:
    """What a pickle would run on being read."""

    def __reduce__(self):
        return (os.mkdir, ("sprung",))


def pickled():
    file = io.BytesIO()
    np.save(file, np.array([Trap()] * 16, dtype=object), allow_pickle=True)
    return file.getvalue()


def lying_about_size(path, name, claimed):
    """The entry, but its directory says that the member `name` unpacks to `claimed` bytes."""
    content = bytearray(path.read_bytes())
    for signature, offset, at in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        start = content.find(signature)
        while content[start + at : start + at + len(name)] != name.encode():
            start = content.find(signature, start + 1)
        struct.pack_into("<I", content, start + offset, claimed)
    path.write_bytes(content)
    return path


W1 = npy(network()["W1"])
HOSTILE = {
    "nothing in it": (lambda p: p.write_bytes(b""), "damaged"),
    "no archive": (lambda p: p.write_bytes(b"accuracy = 1.0\n" * 50), "damaged"),
    "a pickle": (lambda p: p.write_bytes(b"\x80\x04cos\nsystem\n."), "damaged"),
    "cut off": (lambda p: p.write_bytes(write(p, members()).read_bytes()[:90_000]), "damaged"),
    "a bit flipped": (
        lambda p: p.write_bytes(write(p, members()).read_bytes().replace(W1[5000:5008], b"\0" * 8)),
        "damaged",
    ),
    "a huge file": (lambda p: p.write_bytes(b"\0" * 400_000), "larger than 300 kB"),
    "one array missing": (lambda p: write(p, members(b2=None)), "each once"),
    "one too many": (lambda p: write(p, members(W4=npy(np.ones(3)))), "each once"),
    "one twice": (lambda p: write(p, [*members(), ("b1.npy", npy(np.ones(16)))]), "each once"),
    "one twice, spelled differently": (lambda p: write(p, [*members(), ("b1", npy(np.ones(16)))]), "each once"),
    "a path out of the folder": (lambda p: write(p, [("../../W1.npy", W1), *members(W1=None)]), "each once"),
    "an absolute path": (lambda p: write(p, [("/tmp/W1.npy", W1), *members(W1=None)]), "each once"),
    "two thousand members": (lambda p: write(p, [(str(k), b"") for k in range(2000)]), "each once"),
    "a bomb": (
        lambda p: write(p, members(W1=b"\0" * 50_000_000), compression=zipfile.ZIP_DEFLATED),
        "W1 unpacks to more",
    ),
    "a bomb that says it is small": (
        lambda p: lying_about_size(
            write(p, members(W1=header((784, 16)) + b"\0" * 50_000_000), compression=zipfile.ZIP_DEFLATED),
            "W1.npy",
            100_480,
        ),
        "damaged",
    ),
    "a small array that says it is a bomb": (
        lambda p: lying_about_size(write(p, members()), "W1.npy", 10**7),
        "W1 unpacks to more",
    ),
    "lzma": (lambda p: write(p, members(), compression=zipfile.ZIP_LZMA), "unusual way"),
    "a claim of 8 terabytes": (lambda p: write(p, members(W1=header((10**6, 10**6)))), "W1 has shape"),
    "a claim beyond 64 bits": (lambda p: write(p, members(W1=header((2**70,)))), "W1 has shape"),
    "fewer numbers than claimed": (lambda p: write(p, members(W1=W1[:-8])), "as many numbers"),
    "more numbers than claimed": (lambda p: write(p, members(W1=W1 + b"\0" * 8)), "as many numbers"),
    "another shape": (lambda p: write(p, members(W2=npy(np.ones((16, 17))))), r"W2 has shape \(16, 17\)"),
    "transposed": (lambda p: write(p, members(W3=npy(np.ones((10, 16))))), r"W3 has shape \(10, 16\)"),
    "a pickle inside": (lambda p: write(p, members(b1=pickled())), "b1 is of type object"),
    "integers": (lambda p: write(p, members(b1=npy(np.ones(16, int)))), "b1 is of type int64"),
    "complex": (lambda p: write(p, members(b1=npy(np.ones(16, complex)))), "b1 is of type complex128"),
    "records": (lambda p: write(p, members(b1=npy(np.ones(16, [("x", "f8")])))), "b1 is of type"),
    "NaN": (lambda p: write(p, members(b1=npy(np.full(16, np.nan)))), "b1 holds NaN"),
    "infinity": (lambda p: write(p, members(W2=npy(np.full((16, 16), np.inf)))), "W2 holds NaN or infinity"),
    "finite, but overflows": (lambda p: write(p, members(W2=npy(np.full((16, 16), 1e308)))), "overflow"),
    "a header that is code": (
        lambda p: write(p, members(b1=b"\x93NUMPY\x01\x00\x18\x00__import__('os').abort()" + b"\0" * 128)),
        "damaged",
    ),
    "a header of brackets": (
        lambda p: write(p, members(b1=b"\x93NUMPY\x01\x00" + struct.pack("<H", 60_000) + b"(" * 60_000)),
        "damaged",
    ),
    "a newer format": (lambda p: write(p, members(b1=b"\x93NUMPY\x03\x00" + npy(np.ones(16))[8:])), "another format"),
    "a nickname of numbers": (lambda p: write(p, members(nickname=npy(np.ones(())))), "nickname is of type float64"),
    "a long nickname": (lambda p: write(p, members(nickname=npy(np.array("n" * 9999)))), "at most 24 characters"),
    "many nicknames": (lambda p: write(p, members(nickname=npy(np.array(["a", "b"])))), "nickname has shape"),
    "no character": (lambda p: write(p, members(nickname=header((), "<U1") + b"\xff\xff\xff\x7f")), "damaged"),
    "no file": (lambda p: None, "cannot be opened"),
    "a folder": (lambda p: p.mkdir(), "not an ordinary file"),
    "a link to a good entry": (
        lambda p: p.symlink_to(write(p.with_name("another.npz"), members())),
        "cannot be opened",
    ),
    "a link to nowhere": (lambda p: p.symlink_to("nowhere"), "cannot be opened"),
    "a link to zeros without end": (lambda p: p.symlink_to("/dev/zero"), "cannot be opened"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile's, on writing the hostile file
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_one_sentence_that_says_what_to_do(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    make, says = HOSTILE[kind]
    path = tmp_path / "challenge.npz"
    make(path)
    challenge.predict(network(), IMAGES)  # so that what is allocated once is not counted
    tracemalloc.start()
    try:
        with pytest.raises(EntryError, match=says) as caught:
            score(path, IMAGES, np.zeros(300))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.endswith(".") and ": " in message and "\n" not in message and len(message) < 300
    assert peak < 8e6, "reading it takes much more memory than an entry has"
    assert not (tmp_path / "sprung").exists()


def test_the_good_entry_of_these_tests_is_good(tmp_path):
    """Otherwise the hostile ones could be refused for a reason of their own."""
    path = write(tmp_path / "e.npz", members(nickname=npy(np.array("Ada"))))
    assert score(path, IMAGES, challenge.predict(network(), IMAGES)) == (1.0, "Ada", 13_002)


def test_every_refusal_is_one_line_in_a_notebook():
    assert EntryError("W1: do this.")._render_traceback_() == ["EntryError: W1: do this."]


def test_reading_an_entry_needs_no_framework():
    modules, _ = imported_by("course_utils.challenge")
    assert modules & FRAMEWORKS == set()


# ── The leaderboard ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def submitted(tmp_path, monkeypatch):
    """A folder `submitted`, and a test set on which the network of seed 0 is right everywhere."""
    labels = challenge.predict(network(0), IMAGES)
    monkeypatch.setattr(challenge, "mnist", lambda: (None, None, IMAGES, labels))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "submitted"


def enter(submitted, student, seed, nickname):
    folder = submitted / student / "numpy_mnist"
    folder.mkdir(parents=True)
    save_entry(folder / "challenge.npz", network(seed), nickname)
    return folder / "challenge.npz"


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_leaderboard_ranks_those_who_want_it_and_names_no_student(submitted, capsys):
    enter(submitted, "student_a", 3, "Third")
    enter(submitted, "student_b", 0, "Bea")
    enter(submitted, "student_c", 0, "Ada")
    enter(submitted, "student_d", 0, None)
    (submitted / "student_e/numpy_mnist").mkdir(parents=True)
    (submitted / "README").write_text("not a student")
    assert challenge.main("numpy_mnist", "submitted", "board.csv") == 0
    rows = table(submitted.parent / "board.csv")
    assert rows[0] == ["rank", "nickname", "accuracy", "weights"]
    assert [row[:2] for row in rows[1:]] == [["1", "Ada"], ["1", "Bea"], ["3", "Third"]]
    assert [row[2] for row in rows[1:3]] == ["1.0000", "1.0000"]
    assert float(rows[3][2]) < 1
    assert {row[3] for row in rows[1:]} == {"13002"}
    out, err = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines()] == [row[:2] for row in rows]
    assert "student" not in out + (submitted.parent / "board.csv").read_text()
    assert err == ""


def test_what_cannot_be_read_is_told_to_the_instructor_and_keeps_nobody_off(submitted, capsys):
    good = enter(submitted, "ada", 0, "Ada")
    enter(submitted, "bob", 1, "Bob").write_bytes(b"?")
    enter(submitted, "eve", 1, "Eve").unlink()
    (submitted / "eve/numpy_mnist/challenge.npz").symlink_to(good)
    enter(submitted, "joe", 1, "Joe").unlink()
    (submitted / "joe/numpy_mnist/challenge.npz").symlink_to("nowhere")
    (submitted / "mallory").mkdir()
    (submitted / "mallory/numpy_mnist").symlink_to(good.parent)
    (submitted / "oscar\n\x1b[2J").symlink_to(submitted / "ada")
    assert challenge.main("numpy_mnist", submitted, submitted.parent / "board.csv") == 1
    assert [row[1] for row in table(submitted.parent / "board.csv")] == ["nickname", "Ada"]
    out, err = capsys.readouterr()
    assert "Ada" in out
    told = err.splitlines()
    assert [line.split(":")[0] for line in told] == ["'bob'", "'eve'", "'joe'", "'mallory'", r"'oscar\n\x1b[2J'"]
    for line, why in zip(told, ["damaged", "cannot be opened", "cannot be opened", "A link", "A link"], strict=True):
        assert why in line


def test_an_old_leaderboard_stays_until_the_new_one_is_whole(submitted, monkeypatch, capsys):
    enter(submitted, "ada", 0, "Ada")
    board = submitted.parent / "board.csv"
    board.write_text("the old one")

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device", "disk")

    with monkeypatch.context() as patch:
        patch.setattr(challenge.csv, "writer", fail)
        assert challenge.main("numpy_mnist", submitted, board) == 1
    assert board.read_text() == "the old one"
    assert sorted(path.name for path in submitted.parent.iterdir()) == ["board.csv", "submitted"]
    assert "No space left" in capsys.readouterr().err
    with board.open() as reader:
        assert challenge.main("numpy_mnist", submitted, board) == 0
        assert reader.read() == "the old one"
    assert len(table(board)) == 2


def test_a_class_without_entries_has_an_empty_leaderboard(submitted):
    submitted.mkdir()
    assert challenge.main("numpy_mnist", submitted, "board.csv") == 0
    assert table(submitted.parent / "board.csv") == [list(challenge.COLUMNS)]


@pytest.mark.slow
def test_a_pipe_is_not_waited_for(tmp_path):
    """In a process of its own: a reader that waits for a writer would hang here for ever."""
    os.mkfifo(tmp_path / "challenge.npz")
    code = f"from course_utils.challenge import score; score({str(tmp_path / 'challenge.npz')!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "not an ordinary file" in run.stderr
