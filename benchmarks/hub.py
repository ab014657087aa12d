"""How many students one machine carries: what their servers take of its memory, and how long a class waits to sign in.

    .venv/bin/python -m benchmarks.hub    (as root)

A real class of 25 students, as in tests/hub. They sign in at the same time, as 5, as 10 and as 25, and wait for their
servers. Then each opens a notebook that has imported NumPy and Matplotlib, then one that has imported PyTorch too. The
table is printed and written to benchmarks/hub.md and into hub/README.md. Nothing else should run meanwhile: the CPU
seconds are those of the whole machine.
"""

import os
import re
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import psutil

from benchmarks.grading import machine, machine_cpu_seconds
from tests.hub.classroom import Class, memory, real_class
from tests.hub.student import Student, late, seconds

ROOT = Path(__file__).resolve().parents[1]
TABLE = Path(__file__).with_suffix(".md")
README = ROOT / "hub/README.md"
MARK = re.compile(r"(?<=<!-- written by benchmarks/hub.py -->\n).*?(?=<!-- end -->)", re.DOTALL)

WAVES = (5, 10, 25)
NOTEBOOKS = {
    "a server without a notebook": "",
    "with a notebook that has imported NumPy and Matplotlib": "import numpy, matplotlib.pyplot",
    "with one that has also imported PyTorch": "import numpy, matplotlib.pyplot, torch",
}
MACHINES = (8, 16, 32)  #: GB
SHARE = 0.8  #: of the memory, as MemoryMax in the unit of hub/README.md
MB, GB = 10**6, 10**9

REPORT = """\
Written by `.venv/bin/python -m benchmarks.hub`.

| students who sign in at once | ready after, median | 95th percentile | CPU seconds per start |
| ---: | ---: | ---: | ---: |
{waves}

| one student | memory, MB | in 8 GB | in 16 GB | in 32 GB |
| --- | ---: | ---: | ---: | ---: |
{memory}

The hub takes {hub:.0f} MB and its proxy {proxy:.0f} MB. As many students fit as share what is left of {share:.0%}
of the machine: with NumPy in 8 GB, ({share} × 8000 − {hub:.0f} − {proxy:.0f}) / {each:.0f} = {fit}. The arrays they
work with come on top.

Machine: {machine}.

Memory is the proportional set size, a mean over {students} students who are all there. A student is ready when
JupyterLab's page has come. CPU seconds are those of the whole machine, the hub's and the clients' included, divided by
the students.
"""


class Wave(NamedTuple):
    times: list[float]
    cpu_seconds: float  #: per student

    def row(self) -> str:
        return f"| {len(self.times)} | {median(self.times):.1f} s | {late(self.times):.1f} s | {self.cpu_seconds:.1f} |"


def together(action, students: list[Student]) -> list:
    with ThreadPoolExecutor(len(students)) as pool:
        return list(pool.map(action, students))


def sign_in(students: list[Student]) -> Wave:
    cpu = machine_cpu_seconds()
    times = together(lambda student: seconds(student.sign_in), students)
    return Wave(times, (machine_cpu_seconds() - cpu) / len(students))


def leave(one: Class, students: list[Student]) -> None:
    together(Student.stop_server, students)
    while any(one.processes(student.user) for student in students):
        time.sleep(1)


def open_notebook(one: Class, student: Student, source: str) -> str:
    """Start a kernel that runs `source` first, and wait for that; gives the kernel."""
    startup = one.settings.home(student.user) / ".ipython/profile_default/startup/first.py"
    done = one.folder(student.user) / "done"
    done.unlink(missing_ok=True)
    startup.parent.mkdir(parents=True, exist_ok=True)
    startup.write_text(f"{source}\nopen('done', 'w').close()\n")
    for path in (startup.parents[2], *startup.parents[2].rglob("*")):
        shutil.chown(path, student.user)
    kernel = student.start_kernel()
    while not done.exists():
        time.sleep(0.2)
    return kernel


def taken(one: Class, students: list[Student], source: str) -> float:
    """The memory that one student's processes take, while all have a notebook that has run `source`."""
    kernels = together(lambda student: open_notebook(one, student, source), students) if source else []
    time.sleep(5)
    mean_memory = mean(memory(one.processes(student.user)) for student in students)
    for student, kernel in zip(students, kernels, strict=False):
        student.stop_kernel(kernel)
    return mean_memory


def measure(one: Class) -> str:
    where = machine()
    everybody = list(one.students.values())
    waves = []
    for size in WAVES:
        waves.append(sign_in(everybody[:size]))
        print(waves[-1].row(), flush=True)
        if size != len(everybody):
            leave(one, everybody[:size])
    hub, proxy = memory([psutil.Process(one.hub.pid)]), memory([one.proxy()])
    rows = []
    for what, source in NOTEBOOKS.items():
        each = taken(one, everybody, source)
        fit = [int((SHARE * size * GB - hub - proxy) / each) for size in MACHINES]
        rows.append((what, each / MB, *fit))
        print(rows[-1], flush=True)
    return REPORT.format(
        waves="\n".join(wave.row() for wave in waves),
        memory="\n".join("| {} | {:.0f} | {} | {} | {} |".format(*row) for row in rows),
        hub=hub / MB,
        proxy=proxy / MB,
        share=SHARE,
        each=rows[1][1],
        fit=rows[1][2],
        students=len(everybody),
        machine=where,
    )


def main() -> None:
    if os.geteuid() != 0:
        sys.exit("A class with an account for everybody is made by root: run this again with sudo.")
    with tempfile.TemporaryDirectory() as scratch, real_class(Path(scratch), "bench", max(WAVES)) as one:
        report = measure(one)
    TABLE.write_text(f"# The class on JupyterHub, on one machine\n\n{report}")
    README.write_text(MARK.sub(lambda _: f"\n{report}\n", README.read_text()))


if __name__ == "__main__":
    main()
