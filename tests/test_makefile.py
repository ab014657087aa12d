"""What make does with an environment that is not there, half made, or made by the wrong Python."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def checkout(tmp_path):
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(checkout, *arguments):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "-C", str(checkout), *arguments], env=environment, capture_output=True, text=True, check=False
    )


def a_python(path: Path, script: str) -> Path:
    """An executable that stands in for an interpreter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def whole_environment(checkout: Path) -> Path:
    a_python(checkout / ".venv/bin/python", "echo whole")
    for stamp in ("book.ready", "all.ready"):
        (checkout / ".venv" / stamp).touch()
    return checkout / ".venv"


def test_a_whole_environment_is_left_alone(checkout):
    whole_environment(checkout)
    planned = make(checkout, "-n", "book").stdout
    assert "pip install" not in planned
    assert "jupyter-book build" in planned


@pytest.mark.parametrize("wound", ["unfinished", "no pip", "no interpreter", "dangling"])
def test_a_half_written_environment_is_made_anew(checkout, wound):
    venv = whole_environment(checkout)
    if wound == "unfinished":
        (venv / "unfinished").touch()
    elif wound == "no pip":
        a_python(venv / "bin/python", "echo \"No module named 'pip'\" >&2; exit 1")
    else:
        (venv / "bin/python").unlink()
        if wound == "dangling":
            (venv / "bin/python").symlink_to("/nowhere/python3")
    planned = make(checkout, "-n", "book").stdout
    assert "-m venv" in planned
    assert "pip install" in planned
    assert not venv.exists()


def test_an_interrupted_installation_leaves_its_mark(checkout):
    venv = whole_environment(checkout)
    a_python(venv / "bin/python", 'case "$*" in *"pip install"*) exit 1;; *) echo whole;; esac')
    (venv / "all.ready").unlink()
    result = make(checkout, ".venv/all.ready")
    assert result.returncode != 0
    assert (venv / "unfinished").exists()
    assert not (venv / "all.ready").exists()


def test_the_book_needs_its_own_extra_alone(checkout):
    planned = make(checkout, "-n", "book").stdout
    assert re.findall(r"pip install .*", planned) == ["pip install -q -c requirements.txt -e '.[book]'"]


def test_the_server_listens_on_the_loopback_interface_alone(checkout):
    whole_environment(checkout)
    planned = make(checkout, "-n", "book", "SERVE=1", "PORT=8123").stdout
    assert "http.server 8123 --bind 127.0.0.1 --directory _build/html" in planned


def test_a_changed_requirement_installs_again(checkout):
    venv = whole_environment(checkout)
    newer = (venv / "book.ready").stat().st_mtime + 10
    os.utime(checkout / "requirements.txt", (newer, newer))
    assert "pip install" in make(checkout, "-n", "book").stdout


def test_an_unsupported_python_is_refused_with_those_that_are_supported(checkout):
    # The check runs in the offered interpreter: a real one that is told that it is 3.9.
    believes = f'exec {sys.executable} -c "import sys; sys.version_info = (3, 9, 1); $2"'
    old = a_python(checkout / "old/python3.9", believes)
    result = make(checkout, "book", f"PYTHON={old}")
    assert result.returncode != 0
    assert f"This course runs on Python 3.11, 3.12 and 3.13; {old} is 3.9." in result.stderr
    assert "make PYTHON=python3.12 book" in result.stderr
    assert not (checkout / ".venv").exists()


def test_a_missing_venv_module_is_explained(checkout):
    script = 'case "$*" in *"-m venv"*) mkdir -p .venv/bin; echo "ensurepip is not available" >&2; exit 1;; esac'
    result = make(checkout, "book", f"PYTHON={a_python(checkout / 'bare/python3', script)}")
    assert result.returncode != 0
    assert "apt install python3-venv" in result.stdout + result.stderr
    assert not (checkout / ".venv").exists()


def test_make_alone_lists_the_targets(checkout):
    listed = make(checkout).stdout
    for target in ("book", "test", "check", "notebooks", "exercises"):
        assert f"make {target} " in listed


def test_without_node_the_class_says_what_to_install(checkout, monkeypatch):
    whole_environment(checkout)
    shutil.copytree(ROOT / "hub", checkout / "hub")
    tools = checkout / "tools"
    tools.mkdir()
    for tool in ("make", "sh", "grep", "touch", "mkdir", "cp", "rm"):
        (tools / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(tools))
    run = make(checkout, "hub")
    assert run.returncode != 0
    assert "JupyterHub's proxy needs Node 18 or newer: apt install nodejs npm" in run.stdout
