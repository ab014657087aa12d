"""`course doctor`: is this machine ready for the course, and if not, what to do about it.

Each check is a small function that yields findings; `CHECKS` lists them in the order of printing.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from packaging.requirements import Requirement

COURSE = "course-utils"

PURPOSES = {
    "book": ", to build the book",
    "hub": ", to run and grade a class",
    "jets": ", to generate more jets",
    "ml": ", for the chapters that use PyTorch or TensorFlow",
    "test": ", to run the tests",
}


@dataclass(frozen=True)
class Finding:
    """What one check found; a `remedy` is one line that tells what to do, empty when `level` is ok."""

    level: Literal["ok", "warn", "fail"]
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """One line: the level, what was found, and the remedy behind an arrow."""
        return f"{self.level:4}  {self.what}" + (f" → {self.remedy}" if self.remedy else "")


def main(as_json: bool = False) -> int:
    """Print every finding and a summary (or, `as_json`, one object); 0 if nothing failed, else 1."""
    findings = []
    for check in CHECKS:
        for finding in _findings(check):
            findings.append(finding)
            if not as_json:
                print(finding, flush=True)
    count = {level: sum(finding.level == level for finding in findings) for level in ("ok", "warn", "fail")}
    if as_json:
        print(json.dumps({**count, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        print(f"\n{count['ok']} ok, {count['warn']} warn, {count['fail']} fail")
    return 1 if count["fail"] else 0


def _findings(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of one check; one that breaks is itself a finding, so that the others still run."""
    try:
        yield from check()
    except Exception as error:
        name = check.__name__.replace("check_", "")
        remedy = _install() if isinstance(error, ImportError) else "show this line to your instructor"
        yield Finding("fail", f"the check of {name} broke: {type(error).__name__}: {error}", remedy)


def check_python() -> Iterator[Finding]:
    """Python is one of the versions that the package declares."""
    from packaging.specifiers import SpecifierSet

    version = platform.python_version()
    supported = metadata.metadata(COURSE)["Requires-Python"]
    if SpecifierSet(supported).contains(version, prereleases=True):
        yield Finding("ok", f"Python {version}")
    else:
        yield Finding("fail", f"Python {version} is not supported", f"make the environment with Python {supported}")


def check_environment() -> Iterator[Finding]:
    """Packages go to an environment of their own, where they cannot disturb the rest of the machine."""
    if sys.prefix != sys.base_prefix or (Path(sys.prefix) / "conda-meta").exists():
        yield Finding("ok", f"environment {sys.prefix}")
    elif "JUPYTERHUB_USER" in os.environ:
        yield Finding("ok", "environment of this JupyterHub")
    else:
        yield Finding(
            "warn",
            f"no virtual environment: packages go to {sys.prefix}",
            "python3 -m venv .venv && . .venv/bin/activate, then install the course there",
        )


def check_packages() -> Iterator[Finding]:
    """The packages that every page needs, and those of each extra, are there in versions that fit."""
    for extra in ("", *sorted(metadata.metadata(COURSE).get_all("Provides-Extra", []))):
        group = f"extra {extra}{PURPOSES.get(extra, '')}" if extra else "base packages"
        present, missing, misfits = [], [], []
        for requirement in _requirements(COURSE, extra):
            version = _version(requirement.name)
            if version is None:
                missing.append(requirement.name)
            elif not requirement.specifier.contains(version, prereleases=True):
                misfits.append(f"{requirement.name} {version} is not {requirement.specifier}")
            else:
                present.append(f"{requirement.name} {version}")
        if missing or misfits:
            problems = ([f"{', '.join(missing)} missing"] if missing else []) + misfits
            level = "fail" if missing and not extra else "warn"
            yield Finding(level, f"{group}: {'; '.join(problems)}", _install(extra))
        else:
            yield Finding("ok", f"{group}: {', '.join(present)}")


def check_data() -> Iterator[Finding]:
    """Every data file is there, with the content it left home with."""
    from course_utils.data import DataError, shipped_files

    try:
        files = shipped_files()
    except DataError as error:
        yield Finding("fail", error.what, error.remedy)
        return
    errors = [file.error(state) for file in files if (state := file.state()) != "ok"]
    for error in errors:
        yield Finding("fail", error.what, error.remedy)
    if not errors:
        yield Finding("ok", f"data: {len(files)} files, checksums right")


def check_hardware() -> Iterator[Finding]:
    """How many cores and how much memory this process may use."""
    memory = f", {_memory() / 2**30:.1f} GiB of memory" if hasattr(os, "sysconf") else ""
    yield Finding("ok", f"{_cores():g} CPU cores{memory}")


def check_gpu() -> Iterator[Finding]:
    """Whether PyTorch sees a GPU; the course does without one."""
    without = "the chapters need none, they are written for two CPU cores"
    if find_spec("torch") is None:
        yield Finding("ok", f"GPU: not looked for, because PyTorch is missing; {without}")
        return
    try:
        import torch
    except Exception as error:
        remedy = "in the course folder: pip install --force-reinstall -c requirements.txt torch"
        yield Finding("warn", f"PyTorch does not start: {type(error).__name__}: {error}", remedy)
        return
    if torch.cuda.is_available():
        yield Finding("ok", f"GPU: {torch.cuda.get_device_name()}")
    elif torch.backends.mps.is_available():
        yield Finding("ok", "GPU: Apple (MPS)")
    elif not torch.backends.cuda.is_built():
        yield Finding("ok", f"GPU: PyTorch {torch.__version__} is a build that uses the CPU alone; {without}")
    else:
        yield Finding("ok", f"GPU: PyTorch sees none; {without}")


def check_kernel() -> Iterator[Finding]:
    """Jupyter's kernel `python3`, which every notebook asks for, is there and runs this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        yield Finding("fail", "Jupyter kernel python3 is missing", _install())
        return
    # Jupyter reads a bare "python" as the Python it runs on itself.
    if Path(command).parent not in {Path(), Path(sys.executable).parent}:
        yield Finding(
            "warn",
            f"Jupyter kernel python3 runs {command}, not this Python",
            "jupyter kernelspec remove python3 && python -m ipykernel install --sys-prefix",
        )
    else:
        yield Finding("ok", "Jupyter kernel python3")


def check_sandbox() -> Iterator[Finding]:
    """bubblewrap, in which submissions are graded, is there and may do its work."""
    if shutil.which("bwrap") is None:
        yield Finding(
            "warn",
            "bubblewrap is missing; only grading needs it",
            "on Linux: apt install bubblewrap (or dnf, pacman)",
        )
        return
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    trial = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    if trial.returncode == 0:
        yield Finding("ok", "bubblewrap")
    else:
        yield Finding(
            "warn",
            f"bubblewrap cannot make a sandbox ({' '.join(trial.stderr.split())}); only grading needs it",
            "allow unprivileged user namespaces, or grade on another machine",
        )


CHECKS = (
    check_python,
    check_environment,
    check_packages,
    check_data,
    check_hardware,
    check_gpu,
    check_kernel,
    check_sandbox,
)


def _install(extra: str = "") -> str:
    """The command that installs the course, or one extra of it, in the versions it is tested with."""
    target = f'".[{extra}]"' if extra else "."
    return f"in the course folder: pip install -c requirements.txt -e {target}"


def _requirements(distribution: str, extra: str) -> "Iterator[Requirement]":
    """What a distribution requires always (extra="") or, beyond that, for one `extra`.

    >>> "numpy" in [requirement.name for requirement in _requirements("course-utils", extra="")]
    True
    """
    from packaging.requirements import Requirement

    for text in metadata.requires(distribution) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        always = marker is None or marker.evaluate({"extra": ""})
        wanted = always if extra == "" else not always and marker.evaluate({"extra": extra})
        if wanted:
            yield requirement
            # dask[distributed] also needs what dask declares for its extra.
            for inner in requirement.extras if _version(requirement.name) else ():
                yield from _requirements(requirement.name, inner)


def _version(distribution: str) -> str | None:
    """The installed version of a distribution, None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _cores() -> float:
    """CPU cores that this process may use: in a container its share, elsewhere those of the machine."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _cgroup("cpu.max").partition(" ")
    return min(allowed, int(quota) / int(period)) if quota.isdigit() else allowed


def _memory() -> int:
    """Bytes of memory that this process may use: in a container its share, elsewhere those of the machine."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _cgroup("memory.max")
    return min(installed, int(limit)) if limit.isdigit() else installed


def _cgroup(setting: str) -> str:
    """A limit that the container sets on this process (cgroup v2), "" or "max" where there is none."""
    try:
        return (Path("/sys/fs/cgroup") / setting).read_text().strip()
    except OSError:
        return ""
