"""A notebook that needs NumPy alone must not pay for a framework, nor `course --help` for anything."""

import json
import subprocess
import sys

import pytest

FRAMEWORKS = {
    "keras",
    "matplotlib",
    "nbgrader",
    "pandas",
    "scipy",
    "sklearn",
    "tensorflow",
    "torch",
    "uproot",
}


def imported_by(module):
    """The top-level modules that importing `module` brings in, and the seconds it takes."""
    code = (
        f"import time; started = time.perf_counter(); import {module}; seconds = time.perf_counter() - started; "
        "import json, sys; print(json.dumps([sorted(sys.modules), seconds]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules, seconds = json.loads(run.stdout)
    return {name.split(".")[0] for name in modules}, seconds


@pytest.mark.parametrize(
    "module",
    [
        "course_utils",
        "course_utils.data",
        "course_utils.checks",
        "course_utils.evaluation",
        "course_utils.grading.worker",
        "course_utils.handin",
        "course_utils.physics.images",
    ],
)
def test_teaching_modules_import_no_framework(module, record_property):
    modules, seconds = imported_by(module)
    record_property(f"import {module}", f"{seconds:.2f} s")
    assert "course_utils" in modules
    assert modules & FRAMEWORKS == set()


def test_the_command_line_imports_nothing_heavy():
    modules, _ = imported_by("course_utils.cli")
    assert modules & (FRAMEWORKS | {"numpy", "packaging", "jupyter_client", "nbformat"}) == set()
