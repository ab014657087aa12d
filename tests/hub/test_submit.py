"""What a student hands in is whole, or not handed in."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError
from traitlets.config import Config

from course_utils.hub.submit import Submit
from tests.conftest import missing

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NAME = "perceptron"


def exchange_of(folder: Path) -> SimpleNamespace:
    base = folder / "exchange/course"
    return SimpleNamespace(inbound=base / "inbound", outbound=base / "outbound", cache=folder / "cache/course")


@pytest.fixture
def desk(tmp_path):
    """A student's folder with a fetched assignment, and the exchange."""
    places = exchange_of(tmp_path)
    places.inbound.mkdir(parents=True)
    (tmp_path / "exchange").chmod(0o777)
    for target in (places.outbound, tmp_path / "home"):
        shutil.copytree(ROOT / "exercises" / NAME, target / NAME)
    return tmp_path


def submit(folder: Path, kind: type[Submit] = Submit) -> None:
    config = Config(
        CourseDirectory={"course_id": "course", "assignment_id": NAME, "student_id": "ann"},
        Exchange={
            "root": str(folder / "exchange"),
            "cache": str(folder / "cache"),
            "assignment_dir": str(folder / "home"),
        },
    )
    course = CourseDirectory(config=config)
    kind(coursedir=course, authenticator=Authenticator(config=config), config=config).start()


def handed_in(folder: Path) -> list[Path]:
    """What collecting finds."""
    return sorted(exchange_of(folder).inbound.glob("ann+*"))


def receipts(folder: Path) -> list[Path]:
    return sorted(exchange_of(folder).cache.glob("ann+*"))


def is_whole(submission: Path) -> bool:
    source = ROOT / "exercises" / NAME
    return all((submission / path.relative_to(source)).read_bytes() == path.read_bytes() for path in source.iterdir())


def test_a_submission_and_its_receipt(desk):
    submit(desk)
    [submission], [receipt] = handed_in(desk), receipts(desk)
    assert is_whole(submission)
    assert is_whole(receipt)
    assert submission.name.startswith(f"{receipt.name}+")
    assert receipt.name.startswith(f"ann+{NAME}+20")
    secrets = {(folder / "submission_secret.txt").read_text() for folder in (submission, receipt)}
    assert len(secrets) == 1
    assert len(secrets.pop()) == 128
    assert submission.stat().st_mode & 0o777 == 0o777  # so that the instructor can tidy up
    assert {path.name for path in submission.parent.iterdir()} == {submission.name}


def spoil_json(notebook: Path) -> None:
    notebook.write_text(notebook.read_text()[:-100])


def empty(notebook: Path) -> None:
    notebook.write_text("")


def rename(notebook: Path) -> None:
    notebook.rename(notebook.with_name("perceptron-final.ipynb"))


def link(notebook: Path) -> None:
    notebook.unlink()
    notebook.symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_json, "perceptron is not handed in: perceptron.ipynb is not a notebook"),
        (empty, "perceptron is not handed in: perceptron.ipynb is empty: save the notebook in Jupyter"),
        (rename, "perceptron is not handed in: there is no file perceptron.ipynb"),
        (link, "perceptron is not handed in: perceptron.ipynb is a link"),
    ],
)
def test_what_cannot_be_graded_is_refused_with_the_reason(desk, spoil, reason):
    spoil(desk / "home" / NAME / f"{NAME}.ipynb")
    with pytest.raises(ExchangeError, match=reason):
        submit(desk)
    assert handed_in(desk) == receipts(desk) == []


def test_what_grading_repairs_is_taken(desk):
    notebook = desk / "home" / NAME / f"{NAME}.ipynb"
    notebook.write_text(notebook.read_text().replace('"grade_id": "test_neuron_output"', '"grade_id": "mine"'))
    submit(desk)
    assert len(handed_in(desk)) == 1


def run_submit(folder: Path, prepare: str = "", kind: str = "Submit", before: tuple[str, ...] = ()):
    """Submit in a process of its own, which may be killed."""
    script = f"""
import os, shutil, signal, sys
from pathlib import Path
from tests.hub.test_submit import Submit, submit
{prepare}
try:
    submit(Path(sys.argv[1]), {kind})
finally:
    print("left:", os.listdir(sys.argv[2]))
"""
    command = [*before, sys.executable, "-c", script, str(folder), str(exchange_of(folder).inbound)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


KILLED = """
class Killed(Submit):
    copies = 0
    def do_copy(self, source, target):
        super().do_copy(source, target)
        Killed.copies += 1
        if Killed.copies == {number}:
            os.remove(Path(target, "perceptron.ipynb"))  # as if it had not come so far
            os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED_BETWEEN = """
rename = Path.rename
def killed(self, target):
    rename(self, target)
    os.kill(os.getpid(), signal.SIGKILL)
Path.rename = killed
Killed = Submit
"""


@pytest.mark.parametrize(
    ("prepare", "counts"), [(KILLED.format(number=1), 0), (KILLED.format(number=2), 0), (KILLED_BETWEEN, 1)]
)
def test_killed_meanwhile_it_is_whole_or_not_there(desk, prepare, counts):
    done = run_submit(desk, prepare, "Killed")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [is_whole(submission) for submission in handed_in(desk)] == [True] * counts
    assert receipts(desk) == []  # no receipt for what may not have come
    assert (desk / "home" / NAME / f"{NAME}.ipynb").read_bytes() == (
        exchange_of(desk).outbound / NAME / f"{NAME}.ipynb"
    ).read_bytes()
    submit(desk)
    assert len(handed_in(desk)) == 1 + counts
    assert is_whole(handed_in(desk)[-1])


@pytest.mark.parametrize("full", ["inbound", "cache"])
def test_a_full_disk_is_told_and_loses_nothing(desk, full):
    place = getattr(exchange_of(desk), full)
    place.mkdir(parents=True, exist_ok=True)
    mount = f"mount -t tmpfs -o size=16k none '{place}' && exec \"$@\""
    inside = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    if subprocess.run([*inside, "true"], capture_output=True).returncode:
        missing("user namespaces", "this machine gives none to an ordinary user")
    done = run_submit(desk, before=inside)
    assert done.returncode == 1
    assert "perceptron is not handed in, and your files are as they were:" in done.stderr
    assert "No space left on device" in done.stderr
    assert "left: []" in done.stdout
    assert handed_in(desk) == receipts(desk) == []
    submit(desk)  # there is room again
    assert is_whole(handed_in(desk)[0])


def test_the_old_way_leaves_half_a_submission(desk):
    """What this is against: nbgrader's own, killed at the same place, leaves what collecting takes."""
    done = run_submit(
        desk,
        KILLED.format(number=1)
        .replace("Submit", "ExchangeSubmit")
        .replace("\nclass", "\nfrom nbgrader.exchange.default import ExchangeSubmit\nclass", 1),
        "Killed",
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [(submission / f"{NAME}.ipynb").exists() for submission in handed_in(desk)] == [False]
