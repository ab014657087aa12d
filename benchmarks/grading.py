"""A class graded by `course grade`, in its sandbox, and by plain `nbgrader autograde`: how fast, with how much memory.

    .venv/bin/python -m benchmarks.grading [--students 40] [--workers 2]

Four assignments: `perceptron`, which needs NumPy alone, and short ones that import PyTorch or TensorFlow and fit a
straight line in 20 steps; the last takes 200, to show what is left of a lead when the students' own training takes most
of the time. The students have handed in right and wrong answers; both graders must give the same
points. Then the first class again on Dask clusters of 1, 2 and 4 separate worker processes. The table is printed and
written to benchmarks/grading.md and into the README of src/course_utils/grading. Nothing else should run meanwhile:
the CPU seconds are those of the whole machine.
"""

import argparse
import contextlib
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from tests.assignments.test_assignments import with_cell, wrong_answers
from tests.grading.classroom import cell

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
TABLE = Path(__file__).with_suffix(".md")
README = ROOT / "src/course_utils/grading/README.md"
MARK = re.compile(r"(?<=<!-- written by benchmarks/grading.py -->\n).*?(?=<!-- end -->)", re.DOTALL)
ENVIRONMENT = os.environ | {
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",  # nbgrader calls alembic by its name
    "TF_CPP_MIN_LOG_LEVEL": "3",  # plain nbgrader takes all points from a cell with a line on stderr
}
ENDLESS = {"train_never_stops"}  # measures a time limit, not a grader

PLAIN = """
c = get_config()
c.CourseDirectory.course_id = "bench"
c.CourseDirectory.root = {root!r}
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.ClearSolutions.code_stub = {{"python": "# YOUR CODE HERE\\nraise NotImplementedError()"}}
"""

TORCH = """import torch

def fit(x, y):
    ### BEGIN SOLUTION
    w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5)
    for _ in range({steps}):
        optimizer.zero_grad()
        loss = ((w[0] + w[1] * torch.tensor(x) - torch.tensor(y)) ** 2).mean()
        loss.backward()
        optimizer.step()
    return w.detach().numpy()
    ### END SOLUTION"""
TENSORFLOW = """import tensorflow as tf

def fit(x, y):
    ### BEGIN SOLUTION
    w = tf.Variable(tf.zeros(2, tf.float64))
    optimizer = tf.keras.optimizers.SGD(0.5)
    for _ in range({steps}):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((w[0] + w[1] * x - y) ** 2)
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
    return w.numpy()
    ### END SOLUTION"""
WRONG = (
    "def fit(x, y):\n    return np.zeros(2)",
    "def fit(x, y):\n    return None",
    "def fit(x, y):\n    raise KeyError",
)
TEST = """x_1 = np.linspace(-1, 1, 50)
check_close(fit(x_1, 3 * x_1 + 1), [1, 3], rtol=0.02, name="w")
### BEGIN HIDDEN TESTS
check_close(fit(x_1, 1 - x_1), [1, -1], rtol=0.02, name="w of other data")
### END HIDDEN TESTS"""

REPORT = """Written by `{command}`.

{students} submissions to each assignment, right and wrong ones; `course grade` with {workers} workers, in its sandbox,
against nbgrader {nbgrader}'s `autograde` without one, one after the other on the same machine. Both gave the same
points to every student.

| assignment | grader | submissions per minute | CPU seconds per submission | peak memory, MB |
| --- | --- | ---: | ---: | ---: |
{rows}

The short assignments fit a straight line in 20 steps, `tensorflow_long` in 200: what a student's own training takes is
the same for both graders, and ours runs each test twice.

On Dask clusters of separate worker processes, `course grade perceptron --scheduler tcp://…`, the same class:

| workers | submissions per minute | against one worker |
| ---: | ---: | ---: |
{scaling}

Machine: {machine}.

One run each. Times are those of the whole command, with all imports and the start of workers and sandboxes. CPU seconds
are those of the whole machine meanwhile. Memory is the sum of the proportional set sizes of the command and all that
descends from it, sampled five times a second.
"""


class Measured(NamedTuple):
    seconds: float
    cpu_seconds: float
    memory: int


# ── The class ───────────────────────────────────────────────────────────────────────────────────────────────────


def short_assignment(source: str) -> tuple[NotebookNode, list[NotebookNode]]:
    """The instructor's notebook, and different submissions to it."""
    setup = "import numpy as np\nfrom course_utils.checks import check_close"
    reference = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[
            cell("code", "setup", setup, locked=True),
            cell("code", "fit", source, solution=True),
            cell("code", "test_fit", TEST, grade=True, locked=True, points=3),
        ],
    )
    imports = source.split("\n", 1)[0]
    return reference, [reference, *(with_cell(reference, "fit", f"{imports}\n\n{wrong}") for wrong in WRONG)]


def perceptron() -> tuple[NotebookNode, list[NotebookNode]]:
    reference = nbformat.read(ROOT / "solutions/perceptron/perceptron.ipynb", as_version=4)
    wrong = [answer for name, answer in wrong_answers("perceptron").items() if name not in ENDLESS]
    return reference, [reference, *(with_cell(reference, answer["cell"], answer["source"]) for answer in wrong)]


ASSIGNMENTS = {
    "perceptron": ("NumPy", perceptron),
    "torch_fit": ("PyTorch", lambda: short_assignment(TORCH.format(steps=20))),
    "tensorflow_fit": ("TensorFlow", lambda: short_assignment(TENSORFLOW.format(steps=20))),
    "tensorflow_long": ("TensorFlow, 200 steps", lambda: short_assignment(TENSORFLOW.format(steps=200))),
}


def make_class(root: Path, config: str, students: int) -> None:
    """A course in the new folder `root`, every assignment released and handed in by every student."""
    root.mkdir()
    (root / "nbgrader_config.py").write_text(config)
    (root / "_toc.yml").touch()
    for name, (_, make) in ASSIGNMENTS.items():
        reference, submissions = make()
        folder = root / "solutions" / name
        folder.mkdir(parents=True)
        nbformat.write(reference, folder / f"{name}.ipynb")
        release = [BIN / "nbgrader", "generate_assignment", name, "--create", "--log-level", "ERROR"]
        subprocess.run(release, cwd=root, env=ENVIRONMENT, check=True)
        for k, nb in enumerate(islice(cycle(submissions), students)):
            handed_in = root / "submitted" / f"s{k:03}" / name
            handed_in.mkdir(parents=True)
            nbformat.write(nb, handed_in / f"{name}.ipynb")


def scores(root: Path, name: str) -> dict[str, float]:
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        return {submission.student_id: submission.score for submission in book.assignment_submissions(name)}


# ── What is measured ────────────────────────────────────────────────────────────────────────────────────────────


def machine_cpu_seconds() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice


def memory_of(process: psutil.Process) -> int:
    total = 0
    for each in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            total += each.memory_full_info().pss
    return total


def measure(command: list[str | Path], root: Path) -> Measured:
    """Run `command` in `root` to its end."""
    peak, ended = [0], threading.Event()
    cpu, started = machine_cpu_seconds(), time.perf_counter()
    with (root / "log").open("wb") as log:
        process = psutil.Popen(command, cwd=root, env=ENVIRONMENT, stdout=log, stderr=log)

        def watch() -> None:
            with contextlib.suppress(psutil.Error):
                while not ended.wait(0.2):
                    peak.append(memory_of(process))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        seconds, cpu = time.perf_counter() - started, machine_cpu_seconds() - cpu
        ended.set()
        watcher.join()
    if code not in (0, 3):
        sys.exit(f"{command} ended with {code}:\n{(root / 'log').read_text()[-2000:]}")
    return Measured(seconds, cpu, max(peak))


@contextlib.contextmanager
def cluster(workers: int, folder: Path) -> Iterator[str]:
    """The address of a Dask scheduler on this machine, with so many worker processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = [BIN / "dask", "scheduler", "--host", address, "--no-dashboard"]
    worker = [BIN / "dask", "worker", address, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
    with contextlib.ExitStack() as stack:
        for command in [scheduler, *[worker] * workers]:
            process = stack.enter_context(subprocess.Popen(command, **quiet))
            stack.callback(process.terminate)
        from distributed import Client

        with Client(address, timeout=60) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address


def compare(students: int, workers: int, folder: Path) -> list[str]:
    """The rows of the table."""
    ours, plain = folder / "ours", folder / "plain"
    make_class(ours, (ROOT / "nbgrader_config.py").read_text(), students)
    make_class(plain, PLAIN.format(root=str(plain)), students)
    rows = []
    for name, (library, _) in ASSIGNMENTS.items():
        a = measure([BIN / "course", "grade", name, "--workers", str(workers)], ours)
        b = measure([BIN / "nbgrader", "autograde", name], plain)
        if scores(ours, name) != scores(plain, name):
            sys.exit(f"{name}: the graders disagree: {scores(ours, name)} and {scores(plain, name)}")
        for grader, m, ratio in (("`course grade`", a, b.seconds / a.seconds), ("`nbgrader autograde`", b, None)):
            times = f" (**{ratio:.1f} ×**)" if ratio else ""
            rows.append(
                f"| {name} ({library}) | {grader} | {60 * students / m.seconds:.0f}{times} "
                f"| {m.cpu_seconds / students:.2f} | {m.memory / 1e6:,.0f} |"
            )
        print(*rows[-2:], sep="\n", flush=True)
    return rows


def scale(students: int, folder: Path) -> list[str]:
    """The rows of the table of clusters."""
    rows, first = [], None
    for workers in (1, 2, 4):
        root = folder / f"cluster{workers}"
        make_class(root, (ROOT / "nbgrader_config.py").read_text(), students)
        with cluster(workers, root) as address:
            m = measure([BIN / "course", "grade", "perceptron", "--scheduler", address], root)
        first = first or m.seconds
        rows.append(f"| {workers} | {60 * students / m.seconds:.0f} | {first / m.seconds:.2f} × |")
        print(rows[-1], flush=True)
    return rows


def machine() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    cpu = names[0] if names else platform.machine()
    return f"{os.cpu_count()} cores of {cpu}, Python {platform.python_version()}, load {os.getloadavg()[1]:.1f} before"


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the course's grader with nbgrader's own.")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    from nbgrader import __version__

    where = machine()
    with tempfile.TemporaryDirectory() as scratch:
        rows = compare(options.students, options.workers, Path(scratch))
        scaling = scale(options.students, Path(scratch))
    arguments = "".join(f" --{name} {value}" for name, value in vars(options).items())
    report = REPORT.format(
        command=f".venv/bin/python -m benchmarks.grading{arguments}",
        students=options.students,
        workers=options.workers,
        nbgrader=__version__,
        rows="\n".join(rows),
        scaling="\n".join(scaling),
        machine=where,
    )
    TABLE.write_text(f"# Grading a class\n\n{report}")
    README.write_text(MARK.sub(lambda _: f"\n{report}\n", README.read_text()))


if __name__ == "__main__":
    main()
