"""Every case of `cases.py` is handed in, in classes of many, and graded as a class is: by the engine, with two workers.

`make test` grades the `QUICK` cases, one of each kind; `make hostile` grades all. Between the hostile submissions stand
good ones, which must not notice.
"""

import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from course_utils.grading import report
from course_utils.grading.course import Course
from course_utils.grading.engine import grade
from course_utils.grading.verdict import GRADED, HUMAN, ZERO, Result
from tests.conftest import missing
from tests.grading.classroom import NAME, RIGHT, answered, hand_in, make_course, score_outside
from tests.grading.conftest import SHORT
from tests.hostile.cases import CASES, QUICK, TOPICS, Case, Place
from tests.hostile.machine import left_over, processes, reaper, running_hub

pytestmark = pytest.mark.slow

LIMITS = replace(SHORT, cell_seconds=5)  #: what takes a second here takes three on a busy machine
GOOD_EVERY = 10  #: hostile submissions between two good ones
CLASSES = ("quick", "quick, scored outside", "slow", "slow, scored outside")

#: What the suite is to try, by what `covers` says.
WANTED = """
loop; loop in C; loop in a coroutine; loop catching everything; loop in __del__; loop in __repr__; loop in an import;
loop in atexit; SIGINT ignored; memory in one process; memory in many processes; /dev/shm; numpy huge; fork bomb;
thread bomb; kill itself; kill the parent; kill process 1; kill every pid; kill the grader; segfault; os._exit;
recursion in Python; recursion in ast; recursion in json; recursion in repr; disk many files; disk one big;
disk inodes; output lines; output huge line; output endless; output many displays; output huge image;
output huge evalue; network loopback; network hub; network outside; network DNS; reading the gradebook;
writing the gradebook; reading solutions; reading others' submissions; /proc/*/root; /proc/*/cwd; /proc/*/fd;
user namespaces; clone3; mount; vsock; keyrings; io_uring; ptrace; process_vm_readv; pidfd_getfd; bpf; userfaultfd;
setuid binaries; /proc/sys writes; /proc/self/mem of others; inherited sockets; inherited file descriptors;
symlink: notebook; symlinks beside; symlinks in the sandbox; FIFOs; sockets; device names; file names; deep folders;
deleted working directory; broken notebook; oversized notebook; oversized files; nbformat 3; nbformat 5;
nbgrader schema 1; nbgrader schema 2; nbgrader schema 99; edited cells; deleted cells; duplicated cells; renamed cells;
retagged cells; reordered cells; changed points; test turned into markdown; skip-execution; raises-exception;
unknown kernelspec; foreign kernelspec; forged done; forged ok; forged outputs; forged handed; forged alarms;
forged points; huge length prefixes; partial frames; patched IPython: run_cell; patched IPython: showtraceback;
patched IPython: display hooks; patched IPython: compile; AST transformers; input transformers; post_run_cell events;
pre_run_cell events; assert helper: function; assert helper: __code__; assert helper: __defaults__;
assert helper: globals of the module; assert helper: sys.modules swap; poisoned numpy in the process;
poisoned course_utils in the process; poisoned file beside; objects equal to everything: __eq__;
objects equal to everything: ndarray subclass; objects equal to everything: str subclass; sys.settrace; sys.setprofile;
sys.monitoring; frame hacking; reading the test: In; reading the test: _ih; reading the test: history_manager;
reading the test: linecache; reading the test: inspect.getsource; reading the test: co_consts; background threads;
gc hooks; builtins replaced: __import__; AssertionError; builtins replaced: isinstance; builtins replaced: abs;
warnings on stderr; random background output; input(); os.chdir; matplotlib misuse; time-of-check tricks;
pickles as results; handed-over data: dict of strings; handed-over data: huge; handed-over data: nan;
handed-over data: wrong dtype; closing file descriptors; sys.exit; quit; exit; BaseException subclasses;
exceptions with evil __str__; exceptions with evil _render_traceback_; exception groups; SyntaxWarning; null bytes;
surrogates in output; surrogates in sources; a cell of 1 MB; 999 cells; non-string sources; BOM; NaN in JSON;
duplicate JSON keys
"""


def class_of(case: Case) -> str:
    return ("quick" if case.name in QUICK else "slow") + (", scored outside" if case.scored else "")


@dataclass
class Graded:
    """A class that was graded, and what its grading has left behind."""

    root: Path
    students: dict[str, Case | None]  #: None is a good submission
    results: dict[str, Result]
    changed: set[str]  #: files of the instructor's, and of submissions, that are not as they were
    left: list[str]  #: processes
    strewn: list[Path]  #: files outside of the course

    def of(self, case: Case) -> str:
        return next(student for student, other in self.students.items() if other is case)

    def told(self, student: str) -> str:
        """Everything that is said of a submission, to the instructor and to the student."""
        result = self.results[student]
        path = self.root / "autograded" / student / NAME / f"{NAME}.ipynb"
        cells = nbformat.read(path, as_version=4).cells if path.exists() else []
        outputs = [str(output) for cell in cells for output in cell.get("outputs", ())]
        return "\n".join([result.reason, *result.findings, *result.alarms, *outputs])


def enrol(cases: list[Case]) -> dict[str, Case | None]:
    """Names for the submissions, so that a good one comes first, last, and between the others."""
    queue: list[Case | None] = [None]
    for start in range(0, len(cases), GOOD_EVERY):
        queue += [*cases[start : start + GOOD_EVERY], None]
    labels = [re.sub(r"\W+", "-", case.name) if case else "good" for case in queue]
    return {f"{number:03}-{label}": case for number, (label, case) in enumerate(zip(labels, queue, strict=True))}


def files(root: Path) -> set[bytes]:
    """What lies in the instructor's and the students' folders: name, kind, size, and when it was last changed."""
    parts = ["solutions", "exercises", "submitted", "nbgrader_config.py"]
    found = subprocess.run(["find", *parts, "-printf", r"%p\t%y\t%s\t%C@\0"], cwd=root, capture_output=True, check=True)
    return set(found.stdout.split(b"\0"))


def when_the_first_is_graded(root: Path, deeds: list) -> threading.Thread:
    """Do the `deeds` in the middle of the grading."""

    def wait() -> None:
        until = time.monotonic() + 120
        while not any((root / ".grading" / NAME).glob("*.json")) and time.monotonic() < until:
            time.sleep(0.01)
        for deed in deeds:
            deed()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def grade_class(root: Path, cases: list[Case], port: int) -> Graded:
    students = enrol(cases)
    deeds = []
    for student, case in students.items():
        place = Place(root, student, port)
        if case is None:
            hand_in(root, student, answered(root, **RIGHT))
        else:
            case.hand_in(place)
            if case.later:
                deeds.append(lambda case=case, place=place: case.later(place))
    changing = tuple(f"submitted/{student}" for student, case in students.items() if case and case.later)
    own = root.parent / "machine"
    own.mkdir()
    files_before, before = files(root), processes()
    with reaper(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(own))
        patch.setattr(tempfile, "tempdir", None)
        thread = when_the_first_is_graded(root, deeds)
        results = grade(NAME, Course(root), workers=2, limits=LIMITS)
        thread.join()
        left = left_over(before)
    changed = {entry.decode(errors="replace") for entry in files_before ^ files(root)}
    return Graded(
        root,
        students,
        {result.student: result for result in results},
        {entry for entry in changed if not entry.startswith(changing)},
        left,
        [  # Dask leaves an empty folder with a name of its own
            *(path for path in own.iterdir() if path.name != "dask-scratch-space"),
            *(Path(folder, "intruder") for folder in ("/", "/tmp", "/dev/shm", Path.home(), Path.cwd())),
        ],
    )


@pytest.fixture(scope="module")
def hub():
    with running_hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def graded(tmp_path_factory, hub):
    """A function that gives a class by its name; each is graded once, when it is asked for."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    started: set[str] = set()
    classes: dict[str, Graded] = {}

    def graded(name: str) -> Graded:
        if name in started and name not in classes:
            pytest.fail(f"the class {name!r} could not be graded")
        if name not in started:
            started.add(name)
            folder = tmp_path_factory.mktemp("school") / "course"
            folder.mkdir()
            root = make_course(folder)
            if "scored" in name:
                score_outside(root)
            classes[name] = grade_class(root, [case for case in CASES if class_of(case) == name], hub.port)
        return classes[name]

    yield graded
    for school in classes.values():  # some folders are deeper than Python can remove
        subprocess.run(["rm", "-rf", school.root], check=True)


def parameter(case: Case):
    return pytest.param(case, id=case.name, marks=[] if case.name in QUICK else [pytest.mark.whole])


in_each_class = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.whole] if "slow" in name else []) for name in CLASSES]
)


@pytest.mark.parametrize("case", [parameter(case) for case in CASES])
def test_it_gets_what_is_fair(graded, case):
    school = graded(class_of(case))
    student = school.of(case)
    result = school.results[student]
    assert (result.verdict, case.points if case.points is None else result.points) == (case.verdict, case.points)
    assert case.word in school.told(student)


@in_each_class
def test_good_submissions_do_not_notice(graded, name):
    school = graded(name)
    good = [school.results[student] for student, case in school.students.items() if case is None]
    assert len(good) >= 2
    assert {(result.verdict, result.points, result.reason) for result in good} == {(GRADED, 3, "")}


@in_each_class
def test_none_is_missing(graded, name):
    school = graded(name)
    assert list(school.results) == sorted(school.students)
    with Gradebook(f"sqlite:///{school.root}/gradebook.db") as book:
        for student, result in school.results.items():
            assert result.verdict in (GRADED, ZERO, HUMAN)
            assert result.verdict == GRADED or result.reason
            grades = book.find_submission_notebook(NAME, NAME, student).grades
            tests = [grade for grade in grades if grade.name != "essay"]
            assert sum(grade.auto_score for grade in tests) == result.points
            assert {grade.needs_manual_grade for grade in tests} == {result.verdict == HUMAN}


@in_each_class
def test_the_tables_of_results_are_text(graded, name):
    results = list(graded(name).results.values())
    rows = [line for text in (report.as_csv(results), report.cells_as_csv(results)) for line in text.splitlines()]
    assert len(rows) > 2 * len(results)
    assert all(line.isprintable() for line in [*rows, *report.table(results).splitlines()])


@in_each_class
def test_the_machine_is_as_before(graded, name, hub):
    school = graded(name)
    assert not school.changed
    assert not school.left
    assert not [path for path in school.strewn if path.exists()]
    assert hub.visits == 0
    known = {"_toc.yml", "nbgrader_config.py", "solutions", "exercises", "submitted"}
    assert {path.name for path in school.root.iterdir()} == known | {"gradebook.db", ".grading", "autograded"}


def test_a_visit_to_the_hub_would_be_seen():
    with running_hub() as hub:
        assert urllib.request.urlopen(f"http://127.0.0.1:{hub.port}/hub/api", timeout=5).read() == b"welcome"
        assert hub.visits == 1


def test_the_table_covers_what_it_should():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 60
    wanted = {topic.strip() for topic in WANTED.replace("\n", " ").split(";")}
    assert not wanted - TOPICS
    for case in CASES:
        assert case.verdict in (GRADED, ZERO, HUMAN)
        assert (case.points is None) <= (case.verdict == HUMAN)
        assert case.word or case.points is not None
