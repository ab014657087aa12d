"""Every check of `course doctor` sees a healthy machine as healthy and each illness for what it is."""

import importlib.machinery
import json
import os
import platform
import re
import shutil
import sys
import types
from importlib import metadata

import pytest

from course_utils import doctor
from course_utils.data import store


def findings(check):
    return [(finding.level, finding.what, finding.remedy) for finding in check()]


@pytest.fixture
def installed(monkeypatch):
    """A dictionary that overrides the versions of installed packages; None takes a package away."""
    overrides = {}
    version, requires = metadata.version, metadata.requires

    def present(name):
        if overrides.get(name, "") is None:
            raise metadata.PackageNotFoundError(name)
        return name

    monkeypatch.setattr(metadata, "version", lambda name: overrides.get(present(name)) or version(name))
    monkeypatch.setattr(metadata, "requires", lambda name: requires(present(name)))
    return overrides


@pytest.mark.slow
def test_here_nothing_fails(capsys):
    assert doctor.main() == 0
    *lines, blank, summary = capsys.readouterr().out.splitlines()
    levels = [re.fullmatch(r"(ok  |warn)  \S.*", line)[1].strip() for line in lines]
    assert len(lines) >= len(doctor.CHECKS)
    assert all((" → " in line) == (level == "warn") for line, level in zip(lines, levels, strict=True))
    assert (blank, summary) == ("", f"{levels.count('ok')} ok, {levels.count('warn')} warn, 0 fail")


def sound():
    yield doctor.Finding("ok", "sound")


def worn():
    yield doctor.Finding("warn", "worn", "polish it")


def dead():
    yield doctor.Finding("fail", "dead", "bury it")


def check_of_thin_ice():
    yield doctor.Finding("ok", "so far")
    raise RuntimeError("crack")


@pytest.mark.parametrize(
    ("checks", "code", "lines"),
    [
        ([sound, worn], 0, ["ok    sound", "warn  worn → polish it", "", "1 ok, 1 warn, 0 fail"]),
        ([dead, sound], 1, ["fail  dead → bury it", "ok    sound", "", "1 ok, 0 warn, 1 fail"]),
    ],
)
def test_the_report_and_the_exit_code(monkeypatch, capsys, checks, code, lines):
    monkeypatch.setattr(doctor, "CHECKS", checks)
    assert doctor.main() == code
    assert capsys.readouterr().out.splitlines() == lines


def test_the_report_for_scripts(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", [sound, dead])
    assert doctor.main(as_json=True) == 1
    assert json.loads(capsys.readouterr().out) == {
        "ok": 1,
        "warn": 0,
        "fail": 1,
        "findings": [
            {"level": "ok", "what": "sound", "remedy": ""},
            {"level": "fail", "what": "dead", "remedy": "bury it"},
        ],
    }


def test_a_check_that_breaks_is_reported_and_the_others_run(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", [check_of_thin_ice, sound])
    assert doctor.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok    so far" and lines[2] == "ok    sound"
    assert lines[1].startswith("fail  the check of of_thin_ice broke: RuntimeError: crack → ")


def test_a_check_whose_package_is_missing_says_how_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "packaging.specifiers", None)
    monkeypatch.setattr(doctor, "CHECKS", [doctor.check_python])
    assert doctor.main() == 1
    assert "pip install -c requirements.txt -e ." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "level"), [("3.11.0", "ok"), ("3.13.9", "ok"), ("3.10.14", "fail"), ("3.14.0", "fail")]
)
def test_python_is_compared_with_the_declared_range(monkeypatch, version, level):
    monkeypatch.setattr(platform, "python_version", lambda: version)
    monkeypatch.setattr(metadata, "metadata", lambda name: {"Requires-Python": ">=3.11,<3.14"})
    [(found, what, remedy)] = findings(doctor.check_python)
    assert found == level and version in what
    assert (">=3.11,<3.14" in remedy) == (level == "fail")


def test_a_virtual_environment_is_recognized(monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/home/ada/.venv")
    assert findings(doctor.check_environment) == [("ok", "environment /home/ada/.venv", "")]


def test_packages_of_the_system_are_worth_a_warning(monkeypatch, tmp_path):
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    [(level, _, remedy)] = findings(doctor.check_environment)
    assert level == "warn" and "python3 -m venv" in remedy

    (tmp_path / "conda-meta").mkdir()
    assert [level for level, *_ in findings(doctor.check_environment)] == ["ok"]


def test_on_a_hub_there_is_nothing_to_warn_about(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    monkeypatch.setattr(sys, "prefix", "/usr")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    assert findings(doctor.check_environment) == [("ok", "environment of this JupyterHub", "")]


def test_packages_are_those_of_the_metadata():
    named = " ".join(what for _, what, _ in findings(doctor.check_packages))
    for text in metadata.requires("course-utils"):
        assert re.match(r"[\w-]+", text)[0] in named
    assert "distributed" in named


def test_a_requirement_counts_where_its_marker_says(monkeypatch):
    requires = ["a", "b; python_version >= '3'", "c; python_version < '3'"]
    requires += ["d; extra == 'ml'", "e; extra == 'ml' and python_version < '3'", "f; extra == 'book'"]
    monkeypatch.setattr(metadata, "requires", lambda name: requires)
    monkeypatch.setattr(metadata, "version", lambda name: "1.0")
    said = [what for _, what, _ in findings(doctor.check_packages)]
    assert said[0] == "base packages: a 1.0, b 1.0"
    assert [what.split(": ")[1] for what in said if what.startswith("extra ml")] == ["d 1.0"]


def test_a_missing_base_package_fails(installed):
    installed["numpy"] = None
    first, *others = findings(doctor.check_packages)
    assert first[:2] == ("fail", "base packages: numpy missing")
    assert first[2].endswith("pip install -c requirements.txt -e .")
    assert "fail" not in [level for level, *_ in others]


def test_an_old_base_package_is_worth_a_warning(installed):
    installed["numpy"] = "1.26.4"
    assert findings(doctor.check_packages)[0][:2] == ("warn", "base packages: numpy 1.26.4 is not >=2.1")


def test_missing_packages_of_an_extra_make_one_warning(installed):
    installed.update({"torch": None, "scikit-learn": None, "tensorflow": "2.10.0"})
    [(level, what, remedy)] = [f for f in findings(doctor.check_packages) if f[0] != "ok"]
    assert level == "warn"
    assert what.startswith("extra ml, for the chapters ")
    assert what.endswith(": scikit-learn, torch missing; tensorflow 2.10.0 is not >=2.19")
    assert remedy.endswith('-e ".[ml]"')


@pytest.mark.parametrize(
    ("lost", "named"),
    [({"distributed": None}, "distributed missing"), ({"dask": None}, "dask missing")],
)
def test_the_extra_of_an_extra_counts(installed, lost, named):
    installed.update(lost)
    # The extra `ml` asks for dask, too; `distributed` comes with the extra of dask that `jets` alone asks for.
    [(level, what, remedy)] = [
        (level, what, remedy)
        for level, what, remedy in findings(doctor.check_packages)
        if level != "ok" and what.startswith("extra jets")
    ]
    assert level == "warn"
    assert what.endswith(f": {named}")
    assert remedy.endswith('-e ".[jets]"')


def test_a_local_or_early_build_fits_its_range(installed):
    installed.update({"torch": "2.13.0+cu128", "numpy": "2.5.0rc1"})
    assert {level for level, *_ in findings(doctor.check_packages)} == {"ok"}


def test_whole_data_are_one_line():
    assert findings(doctor.check_data) == [("ok", f"data: {len(store.shipped_files())} files, checksums right", "")]


def test_each_bad_file_fails_with_its_remedy(tmp_path, monkeypatch):
    files = shutil.copytree(store.FILES, tmp_path / "files")
    monkeypatch.setattr(store, "FILES", files)
    labels, images = files / "mnist/train-labels-idx1-ubyte.xz", files / "mnist/t10k-images-idx3-ubyte.xz"
    labels.write_bytes(b"?")
    images.unlink()
    remedy = "in a fresh copy of the course, run pip install --force-reinstall --no-deps ."
    assert findings(doctor.check_data) == [
        ("fail", f"The data file {images} is missing", remedy),
        ("fail", f"The data file {labels} is damaged", remedy),
    ]

    (files / "mnist/SHA256SUMS").unlink()
    [(level, what, _)] = findings(doctor.check_data)
    assert level == "fail" and what.endswith("SHA256SUMS is missing")


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"cpu.max": "50000 100000", "memory.max": str(2**30)}, "0.5 CPU cores, 1.0 GiB of memory"),
        ({"cpu.max": "max 100000", "memory.max": "max"}, "4 CPU cores, 8.0 GiB of memory"),
        ({"cpu.max": "900000 100000", "memory.max": str(2**40)}, "4 CPU cores, 8.0 GiB of memory"),
        ({}, "4 CPU cores, 8.0 GiB of memory"),
    ],
)
def test_hardware_is_what_the_container_allows(monkeypatch, limits, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**21}.get)
    monkeypatch.setattr(doctor, "_cgroup", lambda setting: limits.get(setting, ""))
    assert findings(doctor.check_hardware) == [("ok", expected, "")]


def fake_torch(cuda, mps, built):
    torch = types.ModuleType("torch")
    torch.__spec__ = importlib.machinery.ModuleSpec("torch", loader=None)
    torch.__version__ = "9.9"
    torch.cuda = types.SimpleNamespace(is_available=lambda: cuda, get_device_name=lambda: "Tesla X")
    torch.backends = types.SimpleNamespace(
        mps=types.SimpleNamespace(is_available=lambda: mps),
        cuda=types.SimpleNamespace(is_built=lambda: built),
    )
    return torch


@pytest.mark.parametrize(
    ("torch", "expected"),
    [
        (fake_torch(cuda=True, mps=False, built=True), "GPU: Tesla X"),
        (fake_torch(cuda=False, mps=True, built=False), "GPU: Apple (MPS)"),
        (fake_torch(cuda=False, mps=False, built=True), "GPU: PyTorch sees none; the chapters need none"),
        (
            fake_torch(cuda=False, mps=False, built=False),
            "GPU: PyTorch 9.9 is a build that uses the CPU alone",
        ),
        (None, "GPU: not looked for, because PyTorch is missing"),
    ],
)
def test_gpu_or_none_both_are_fine(monkeypatch, torch, expected):
    monkeypatch.setitem(sys.modules, "torch", torch)
    [(level, what, remedy)] = findings(doctor.check_gpu)
    assert (level, remedy) == ("ok", "") and what.startswith(expected)


def test_a_broken_torch_is_worth_a_warning(monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so.12: cannot open shared object file')")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    [(level, what, remedy)] = findings(doctor.check_gpu)
    assert level == "warn" and "OSError: libcudart.so.12" in what and "--force-reinstall" in remedy


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    """A function that makes `command` the one to start the kernel python3; None takes the kernel away."""
    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setattr(KernelSpecManager, "kernel_dirs", [str(tmp_path)])
    monkeypatch.setattr(KernelSpecManager, "ensure_native_kernel", False)

    def make(command):
        (tmp_path / "python3").mkdir()
        spec = {
            "argv": [command, "-m", "ipykernel_launcher"],
            "display_name": "Python 3",
            "language": "python",
        }
        (tmp_path / "python3/kernel.json").write_text(json.dumps(spec))

    return make


@pytest.mark.parametrize("command", ["python", "python3", sys.executable])
def test_the_kernel_is_found(kernels, command):
    kernels(command)
    assert findings(doctor.check_kernel) == [("ok", "Jupyter kernel python3", "")]


def test_a_kernel_of_another_python_is_worth_a_warning(kernels):
    kernels("/opt/other/bin/python")
    [(level, what, remedy)] = findings(doctor.check_kernel)
    assert level == "warn" and "/opt/other/bin/python" in what and "ipykernel install" in remedy


def test_without_the_kernel_it_fails(kernels, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel.kernelspec", None)  # where Jupyter looks last
    [(level, what, remedy)] = findings(doctor.check_kernel)
    assert (level, what) == ("fail", "Jupyter kernel python3 is missing") and "pip install" in remedy


@pytest.mark.parametrize(
    ("script", "level", "said"),
    [
        ("exit 0", "ok", "bubblewrap"),
        ("echo 'bwrap: no' >&2; echo permissions >&2; exit 1", "warn", "(bwrap: no permissions)"),
        (None, "warn", "bubblewrap is missing; only grading needs it"),
    ],
)
def test_the_sandbox_is_tried(monkeypatch, tmp_path, script, level, said):
    if script:
        (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    [(found, what, remedy)] = findings(doctor.check_sandbox)
    assert found == level and said in what and bool(remedy) == (level != "ok")
