"""Building the book: with the network unplugged, without a warning, and not at all if a reference is broken."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import missing

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(tmp_path):
    """A copy of what the book is built from."""
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "book", tmp_path / "book", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    shutil.copytree(ROOT / "exercises", tmp_path / "exercises")
    return tmp_path


def build(folder, *prefix):
    command = [*prefix, str(Path(sys.executable).with_name("jupyter-book")), "build", str(folder), "-W", "-n", "-q"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_book_builds_with_the_network_unplugged(copy, record_property):
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    offline = ["bwrap", "--dev-bind", "/", "/", "--unshare-net", "--"]
    plugged = subprocess.run([*offline, "cat", "/proc/net/route"], capture_output=True, text=True, check=True)
    assert len(plugged.stdout.splitlines()) == 1, "there must be no route out"
    started = time.perf_counter()
    result = build(copy, *offline)
    record_property("book built from nothing, offline", f"{time.perf_counter() - started:.1f} s")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (copy / "_build/html/book/foundations/perceptron.html").is_file()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("See [](nowhere.md).", "nowhere.md"),
        ("See {ref}`no-such-label`.", "no-such-label"),
        ("See {cite}`nobody1900`.", "nobody1900"),
        ("A {term}`word that nobody defined`.", "word that nobody defined"),
        ("See {numref}`fig-missing`.", "fig-missing"),
        ("```{playground} seed=123\n```", "the playground 'seed=123' has no twin: run `make playground`"),
    ],
)
def test_a_broken_reference_stops_the_build_and_is_named(copy, broken, words):
    page = copy / "book/appendix/notation.md"
    page.write_text(f"{page.read_text()}\n{broken}\n")
    result = build(copy)
    assert result.returncode != 0
    assert words in result.stdout + result.stderr
