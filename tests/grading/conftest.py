"""A sandbox that several tests share, and short limits."""

import shutil

import pytest

from course_utils.grading.execute import Cell, execute
from course_utils.grading.sandbox.confine import MB, Limits
from course_utils.grading.sandbox.launch import Sandbox
from tests.conftest import missing
from tests.grading.classroom import make_course

SHORT = Limits(cell_seconds=3, total_seconds=40, memory=400 * MB, disk=32 * MB, file_size=16 * MB, cell_output=100_000)


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """The folder of a course with one assignment; only to be read."""
    return make_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def root(course, tmp_path):
    """A course to which nothing was handed in yet, and a sandbox to grade it in."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    return shutil.copytree(course, tmp_path / "course", dirs_exist_ok=True)


@pytest.fixture(scope="session")
def sandbox():
    """A fork server with NumPy and the checks."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    with Sandbox(["numpy", "matplotlib.pyplot", "course_utils.checks"]) as server:
        yield server


@pytest.fixture
def run(sandbox):
    """Execute sources; those that start with `# test` are tests."""

    def run(*sources, limits=SHORT, files=None):
        cells = [Cell(source, test=source.startswith("# test")) for source in sources]
        return execute(sandbox, cells, files or {}, limits, seed=1)

    return run
