"""When a submission came, whatever its student writes into it; and what being late costs."""

import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from course_utils.grading.course import Course
from course_utils.grading.engine import grade
from course_utils.grading.late import DAY, LatePenalty
from course_utils.grading.received import SECRET, copy_files, forged, last_change, note_of, received
from tests.grading.classroom import NAME, RIGHT, answered, hand_in
from tests.grading.conftest import SHORT


def now():
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def set_due(root: Path, due: datetime) -> None:
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        book.update_or_create_assignment(NAME, duedate=due)


@pytest.mark.parametrize(
    ("options", "late", "penalty"),
    [
        ({}, 10 * DAY, None),
        ({"penalty_method": "zero"}, DAY, 8),
        ({"penalty_method": "zero"}, 14 * 60, None),
        ({"penalty_method": "per_day"}, 14 * 60, None),
        ({"penalty_method": "per_day"}, 16 * 60, 1.6),
        ({"penalty_method": "per_day", "percent_per_day": 10}, DAY + 16 * 60, 1.6),
        ({"penalty_method": "per_day", "grace_minutes": 0}, DAY, 1.6),
        ({"penalty_method": "per_day"}, 10 * DAY, 8),
    ],
)
def test_the_penalty_of_eight_points(options, late, penalty):
    came = LatePenalty(**options).late_submission_penalty("ann", 8.0, late)
    assert came == pytest.approx(penalty) if penalty is not None else came is None


def test_the_file_systems_clock_counts_and_not_the_students(root):
    path = hand_in(root, "ann", answered(root, **RIGHT))
    (path.parent / "timestamp.txt").write_text("2001-01-01 00:00:00 UTC")
    os.utime(path, (0, 0))
    os.utime(path.parent, (0, 0))
    assert abs(received(path.parent) - now()) < timedelta(minutes=1)


@pytest.mark.slow
def test_lateness_is_taken_off_and_follows_an_extension(root):
    hand_in(root, "ann", answered(root, **RIGHT))
    set_due(root, now() - timedelta(hours=30))
    course = Course(root)
    course.config.merge(Config(LatePenalty={"penalty_method": "per_day"}))
    [result] = grade(NAME, course, workers=1, limits=SHORT)
    assert result.points == 3
    assert result.penalty == pytest.approx(1.2)
    assert result.late_seconds == pytest.approx(30 * 3600, abs=120)
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        assert book.find_submission(NAME, "ann").late_submission_penalty == pytest.approx(1.2)
        book.find_grade("essay", NAME, NAME, "ann").manual_score = 1
        book.db.commit()
    [result] = grade(NAME, course, workers=1, limits=SHORT)
    assert result.penalty == pytest.approx(1.2)  # of the three points that the report knows
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        assert book.find_submission(NAME, "ann").late_submission_penalty == pytest.approx(1.6)
        book.grant_extension(NAME, "ann", days=2)
    [result] = grade(NAME, course, workers=1, limits=SHORT)
    assert (result.points, result.penalty, result.late_seconds) == (3, 0, 0)
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        assert book.find_submission(NAME, "ann").late_submission_penalty == 0


@pytest.mark.slow
def test_collected_by_the_exchanges_clock(root, tmp_path, monkeypatch):
    exchange = tmp_path / "exchange"
    course = Course(root)
    course.config.merge(
        Config(
            Exchange={"root": str(exchange)},
            CourseDirectory={"student_id": "*"},
            ExchangeCollect={"check_owner": False},
        )
    )
    inbound = exchange / course.directory.course_id / "inbound"
    inbound.mkdir(parents=True)
    submitted = hand_in(root, "ann", answered(root, **RIGHT)).parent
    forged = inbound / f"ann+{NAME}+2001-01-01 00:00:00 UTC+abc"
    shutil.move(submitted, forged)
    (forged / "timestamp.txt").write_text("2001-01-01 00:00:00 UTC")
    os.utime(forged / f"{NAME}.ipynb", (0, 0))
    bob = inbound / f"bob+{NAME}+no time at all+abc"  # stops nobody
    for name in ("timestamp.txt", SECRET):
        (bob / name).mkdir(parents=True)
    came = last_change(forged)
    result = NbGraderAPI(config=course.config).collect(NAME)
    assert result["success"], result["log"]
    assert abs(came - now()) < timedelta(minutes=1)
    assert (submitted / "timestamp.txt").read_text().startswith(f"{came:%Y-%m-%d %H:%M:%S}")
    assert received(submitted) == came
    bobs = submitted.parents[1] / "bob" / NAME
    assert all(re.fullmatch("[0-9a-f]{128}", (folder / SECRET).read_text()) for folder in (submitted, bobs))
    assert (bobs / "timestamp.txt").is_file()
    moved = Path(shutil.copytree(submitted.parent, tmp_path / "moved")) / NAME  # what a backup brings back
    note = note_of(moved)
    note.write_text(note.read_text().replace(str(came.year), "2001"))
    assert received(moved).year == 2001  # the note is what is believed
    (moved / f"{NAME}.ipynb").write_text("replaced")
    assert received(moved) == last_change(moved)


@pytest.mark.slow
def test_feedback_can_be_released_to_who_has_handed_in(root):
    """By the secret that came with the submission: graded once more, the later one's."""
    course = Course(root)
    for secret in ("a" * 64, "b" * 64):
        (hand_in(root, "ann", answered(root, **RIGHT)).parent / SECRET).write_text(secret)
        grade(NAME, course, workers=1, limits=SHORT)
        assert (root / "autograded/ann" / NAME / SECRET).read_text() == secret


def test_no_link_is_followed_and_nothing_large_is_taken(tmp_path):
    secret, source = tmp_path / "secret", tmp_path / "source"
    (secret / "deep").mkdir(parents=True)
    (secret / "solution.txt").write_text("the solution")
    (source / "data").mkdir(parents=True)
    (source / "data/own.txt").write_text("own")
    (source / "data/linked.txt").symlink_to(secret / "solution.txt")
    (source / "folder").symlink_to(secret)
    (source / "large.bin").write_bytes(bytes(1000))
    (source / "scoring.py").write_text("")
    os.mkfifo(source / "pipe")
    left_out = set(copy_files(source, tmp_path / "target", ["scoring.py"], most=900))
    assert left_out == {"data/linked.txt", "large.bin", "pipe"}
    found = {path.relative_to(tmp_path / "target").as_posix() for path in (tmp_path / "target").rglob("*")}
    assert found == {"data", "data/own.txt"}


def test_no_submission_stops_collecting(tmp_path):
    source = tmp_path / "source"
    deep = source
    for _ in range(60):
        deep /= "deep"
        deep.mkdir(parents=True)
    (deep / "file").write_text("too deep")
    (source / "own.txt").write_text("own")
    assert list(copy_files(source, tmp_path / "target", [], most=900)) == []
    copied = [path for path in (tmp_path / "target").rglob("*") if path.is_file()]
    assert [path.name for path in copied] == ["own.txt"]
    for k in range(1001):
        (source / f"{k}.txt").touch()
    with pytest.raises(OSError, match="more than 1000 files"):
        list(copy_files(source, tmp_path / "again", [], most=900))


def test_a_folder_belongs_to_the_student_it_names(tmp_path):
    folder = tmp_path / f"daemon+{NAME}+now+abc"
    folder.mkdir()
    assert forged(folder) is None  # of who collects
    link = tmp_path / f"daemon+{NAME}+now+xyz"
    link.symlink_to(folder)
    assert forged(link) == "is no folder"
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    shutil.chown(folder, "daemon")
    assert forged(folder) is None
    shutil.chown(folder, "nobody")
    assert forged(folder) == "belongs to nobody"
    os.chown(folder, 4_000_000, -1)
    assert forged(folder) == "belongs to user 4000000"
