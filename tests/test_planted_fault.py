"""A fault planted in a copy of the package must be noticed; the copy without the fault must pass."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RIGHT = "return w + lr * (t - y) * x"
WRONG = "return w + lr * (y - t) * x"
WATCHERS = {
    "unit tests": ["tests/nn/test_perceptron.py"],
    "nbval": ["--nbval", "book/foundations/perceptron.ipynb"],
}

pytestmark = pytest.mark.slow


def watch(watcher: str, package: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *WATCHERS[watcher]]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def package(tmp_path):
    shutil.copytree(ROOT / "src/course_utils", tmp_path / "course_utils", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("watcher", WATCHERS)
def test_a_flipped_sign_in_the_perceptron_rule_is_noticed(watcher, package):
    module = package / "course_utils/nn/perceptron.py"
    source = module.read_text()
    assert source.count(RIGHT) == 1
    module.write_text(source.replace(RIGHT, WRONG))
    result = watch(watcher, package)
    assert result.returncode == 1, result.stdout
    assert "failed" in result.stdout


@pytest.mark.parametrize("watcher", WATCHERS)
def test_the_copy_without_the_fault_passes(watcher, package):
    result = watch(watcher, package)
    assert result.returncode == 0, result.stdout
