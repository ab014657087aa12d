"""For authors: run and store the chapters, release the assignments, and see what keeps a notebook from being stored.

Works on a checkout of the course, found from the working directory upwards.
"""

import csv
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config, PyFileConfigLoader

from course_utils.names import unknown_name

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
KEPT_NOTEBOOK_METADATA = ("course", "mystnb")
KEPT_CELL_METADATA = ("mystnb", "nbgrader", "tags")
MAX_OUTPUT_BYTES = 1_000_000
RUNTIMES = Path("book/appendix/runtime.csv")
RUNTIME_COLUMNS = ("Notebook", "Measured (s)", "Budget (s)", "Machine")


class AuthoringError(Exception):
    """Something in the checkout has to be put right first; the message says what."""


def checkout() -> Path:
    """The root of the course's checkout around the working directory."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "_toc.yml").is_file() and (folder / "solutions").is_dir():
            return folder
    raise AuthoringError(f"{here} is not inside a checkout of the course: change into it and try again.")


def chapters(root: Path) -> dict[str, Path]:
    """The notebooks of the book by name, appendices included."""
    found = sorted(p for p in (root / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    return {p.stem: p for p in found}


def assignments(root: Path) -> dict[str, Path]:
    """The instructor's notebooks by assignment name."""
    return {p.parent.name: p for p in sorted((root / "solutions").glob("*/*.ipynb")) if p.stem == p.parent.name}


def choose(names: list[str], known: dict[str, Path], kind: str) -> dict[str, Path]:
    """The named ones among the known, or all of them; a name that is not known is an error with a suggestion."""
    for name in names:
        if name not in known:
            raise AuthoringError(unknown_name(kind, name, known))
    return {name: known[name] for name in names or known}


def told(command: Callable[[], None]) -> int:
    """Run a command; what its user has to put right is printed as one message, with exit code 1."""
    try:
        command()
    except AuthoringError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


# ── Chapters ────────────────────────────────────────────────────────────────────────────────────────────────


def store_chapters(names: list[str]) -> int:
    """`course notebooks`: run the named chapters (default: all), store them and their running times."""

    def command() -> None:
        root = checkout()
        for name, path in choose(names, chapters(root), "notebook").items():
            print(f"{name}: running …", flush=True)
            try:
                seconds = run_and_store(path)
            except CellExecutionError as error:
                raise AuthoringError(f"{path.relative_to(root)} is left as it was; this cell fails:\n{error}") from None
            record_runtime(root, name, seconds)
            print(f"{name}: stored, {seconds:.1f} s")

    return told(command)


def run_and_store(path: Path) -> float:
    """Run a notebook top to bottom in a fresh kernel, write it back tidy, and give the seconds it took.

    A cell that raises stops the run, and the file stays as it was.
    """
    nb = nbformat.read(path, as_version=4)
    started = time.perf_counter()
    NotebookClient(
        nb,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
        config=Config(KernelManager={"transport_encryption": "auto"}),
    ).execute()
    seconds = time.perf_counter() - started
    tidy(nb)
    nbformat.write(nb, path)
    return seconds


def tidy(nb: nbformat.NotebookNode) -> None:
    """Keep of the metadata only what authors write, so that no trace of the machine is stored."""
    kept = {key: nb.metadata[key] for key in KEPT_NOTEBOOK_METADATA if key in nb.metadata}
    nb.metadata = nbformat.from_dict({**kept, "kernelspec": KERNELSPEC, "language_info": LANGUAGE})
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in KEPT_CELL_METADATA})


def record_runtime(root: Path, name: str, seconds: float) -> None:
    """Write the measured time of a chapter into the table of the runtime page; the other rows stay."""
    table, known = root / RUNTIMES, chapters(root)
    rows = {}
    if table.is_file():
        with table.open(newline="") as file:
            rows = {row["Notebook"]: row for row in csv.DictReader(file)}
    budget = nbformat.read(known[name], as_version=4).metadata.course.budget_s
    rows[name] = dict(zip(RUNTIME_COLUMNS, [name, f"{seconds:.1f}", str(budget), machine()], strict=True))
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, RUNTIME_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[name] for name in known if name in rows)


def machine() -> str:
    """Cores, processor and Python, in words."""
    cpuinfo = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text()) if cpuinfo.is_file() else None
    name = model.group(1).strip() if model else platform.machine()
    return f"{os.cpu_count()} cores, {name}, Python {platform.python_version()}"


def problems(path: Path) -> Iterator[str]:
    """What keeps a notebook of the book from being stored as it is, one line each."""
    nb = nbformat.read(path, as_version=4)
    if nb.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "its kernel is not python3"
    if not isinstance(nb.metadata.get("course", {}).get("budget_s"), int):
        yield 'its metadata has no running-time budget: add {"course": {"budget_s": 60}}'
    for key in nb.metadata.keys() - {*KEPT_NOTEBOOK_METADATA, "kernelspec", "language_info"}:
        yield f"its metadata holds {key!r}, which does not belong in the repository"
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    for expected, cell in enumerate(code, start=1):
        where = f"code cell {expected} ({cell.source.strip().splitlines()[0][:40] if cell.source.strip() else 'empty'})"
        if cell.execution_count is None:
            yield f"{where} has not been run"
        elif cell.execution_count != expected:
            yield f"{where} was run as number {cell.execution_count}: not top to bottom in a fresh kernel"
        for key in cell.metadata.keys() - set(KEPT_CELL_METADATA):
            yield f"{where} has metadata {key!r}, which does not belong in the repository"
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"{where} ends in {output.ename}"
            if output.output_type == "stream" and output.name == "stderr":
                yield f"{where} writes to stderr: {output.text.strip().splitlines()[-1][:80]}"
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
                yield f"{where} stores a widget, which shows nothing on a page"
    size = sum(len(str(output)) for cell in code for output in cell.outputs)
    if size > MAX_OUTPUT_BYTES:
        yield f"its outputs take {size / 1e6:.1f} MB; the limit is {MAX_OUTPUT_BYTES / 1e6:.0f} MB"


# ── Assignments ─────────────────────────────────────────────────────────────────────────────────────────────


def release_assignments(names: list[str]) -> int:
    """`course exercises`: make the students' version of the named assignments (default: all) in exercises/."""

    def command() -> None:
        root = checkout()
        with tempfile.TemporaryDirectory() as scratch:
            for name in choose(names, assignments(root), "assignment"):
                print(f"{release(root, name, root / 'exercises', Path(scratch)).relative_to(root)}: made")

    return told(command)


def release(root: Path, name: str, into: Path, scratch: Path) -> Path:
    """Make the students' version of an assignment in the folder `into`, with nbgrader, and give its folder.

    The gradebook that nbgrader wants for this is in the folder `scratch`, and serves the next assignment as well: a
    new one takes longer than all the rest.
    """
    from nbgrader.apps import NbGraderAPI

    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.merge(
        Config(
            CourseDirectory={
                "root": str(root),
                "release_directory": str(scratch / "release"),
                "db_url": f"sqlite:///{scratch}/gradebook.db",
            },
            Application={"log_level": "WARN"},
        )
    )
    result = NbGraderAPI(config=config).generate_assignment(name, force=True, create=True)
    if not result["success"]:
        raise AuthoringError(f"nbgrader could not release {name!r}:\n{result.get('error') or result['log']}")
    target = into / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(scratch / "release" / name, target)
    return target
