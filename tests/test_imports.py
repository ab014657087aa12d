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
    code = f"import {module}, json, sys; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(run.stdout)}


@pytest.mark.parametrize("module", ["course_utils.data", "course_utils.checks"])
def test_teaching_modules_import_no_framework(module):
    assert imported_by(module) & FRAMEWORKS == set()


def test_the_command_line_imports_nothing_heavy():
    assert (
        imported_by("course_utils.cli") & (FRAMEWORKS | {"numpy", "packaging", "jupyter_client", "nbformat"}) == set()
    )
