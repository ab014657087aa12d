"""A backup is the class at one moment, and restoring loses nothing."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest

from course_utils.hub.backup import backup, restore
from course_utils.hub.classroom import new_term
from course_utils.hub.settings import HubError

pytestmark = pytest.mark.slow


@pytest.fixture
def classroom(settings):
    inbound = settings.exchange / "perceptrons-to-jets/inbound"
    handed_in = settings.course / "submitted/ann/perceptron"
    for folder in (inbound / "ann+perceptron+now+x", handed_in, settings.state):
        folder.mkdir(parents=True)
    (handed_in / "perceptron.ipynb").write_text("answers")
    inbound.chmod(0o2733)
    settings.exchange.chmod(0o777)
    with connected(settings.course / "gradebook.db") as book:
        book.execute("create table grade (a integer, b integer)")
        book.execute("insert into grade values (0, 0)")
        book.commit()
    return settings


@contextlib.contextmanager
def connected(path):
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as database:
        yield database


def grades(settings):
    with connected(settings.course / "gradebook.db") as book:
        return book.execute("select a, b from grade").fetchall()


def test_there_and_back(classroom, tmp_path):
    file = tmp_path / "class.tar.gz"
    backup(classroom, file)
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    (classroom.course / "submitted/ann/perceptron/perceptron.ipynb").write_text("spoiled")
    with pytest.raises(HubError, match="holds a class already"):
        restore(classroom, file, replace=False)
    aside = restore(classroom, file, replace=True)
    assert (classroom.course / "submitted/ann/perceptron/perceptron.ipynb").read_text() == "answers"
    assert (aside / "course/submitted/ann/perceptron/perceptron.ipynb").read_text() == "spoiled"
    assert grades(classroom) == [(0, 0)]
    assert oct(classroom.exchange.stat().st_mode & 0o7777) == "0o777"
    inbound = classroom.exchange / "perceptrons-to-jets/inbound"
    assert oct(inbound.stat().st_mode & 0o7777) == "0o2733"
    assert [path.name for path in inbound.iterdir()] == ["ann+perceptron+now+x"]


def test_a_gradebook_in_use_is_copied_whole(classroom, tmp_path):
    """Each transaction writes a, then b, and more than fits its cache: the file alone holds one without the other."""
    begun, stop = threading.Event(), threading.Event()

    def write():
        with connected(classroom.course / "gradebook.db") as book:
            book.execute("pragma cache_size = 1")
            book.executemany("insert into grade values (?, ?)", [(0, 0)] * 20_000)
            book.commit()
            begun.set()
            n = 0
            while not stop.is_set():
                n += 1
                book.execute("update grade set a = ?", (n,))
                time.sleep(0.02)
                book.execute("update grade set b = ?", (n,))
                book.commit()
                time.sleep(0.02)  # SQLite's locks are not fair

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(30)
        for number in range(5):
            backup(classroom, tmp_path / f"{number}.tar.gz")
    finally:
        stop.set()
        writer.join()
    restore(classroom, tmp_path / "4.tar.gz", replace=True)
    found = grades(classroom)
    assert len(found) == 20_001
    assert all(a == b for a, b in found)


def test_what_students_put_into_the_exchange_stops_no_backup(classroom, tmp_path):
    inbound = classroom.exchange / "perceptrons-to-jets/inbound"
    os.mkfifo(inbound / "pipe")
    (inbound / "link").symlink_to("/etc/passwd")
    (inbound / "folder").symlink_to("/etc")
    (inbound / "a.pid").write_text("twice")
    os.link(inbound / "a.pid", inbound / "b")
    with (inbound / "large").open("wb") as file:
        file.truncate(10**13)
    deep = inbound
    for _ in range(60):
        deep /= "deep"
        deep.mkdir()
    (deep / "file").write_text("too deep")
    left_out = backup(classroom, tmp_path / "class.tar.gz")
    names = {Path(name).name for name in left_out}
    assert names == {"pipe", "link", "large", "deep"}
    restore(classroom, tmp_path / "class.tar.gz", replace=True)
    assert (inbound / "b").read_text() == "twice"
    assert not (inbound / "folder").exists()


def test_a_backup_is_not_overwritten(classroom, tmp_path):
    (tmp_path / "class.tar.gz").write_text("last week's")
    with pytest.raises(HubError, match=r"class.tar.gz exists: choose another name, such as"):
        backup(classroom, tmp_path / "class.tar.gz")
    assert (tmp_path / "class.tar.gz").read_text() == "last week's"


@pytest.mark.parametrize("wound", ["cut", "no archive", "other"])
def test_a_broken_backup_changes_nothing(classroom, tmp_path, wound):
    file = tmp_path / "class.tar.gz"
    backup(classroom, file)
    if wound == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    elif wound == "no archive":
        file.write_text("text")
    else:
        with tarfile.open(file, "w:gz") as archive:
            archive.add(__file__, "evil/x")
    with pytest.raises(HubError, match=r"nothing was changed|is no backup of a class"):
        restore(classroom, file, replace=True)
    assert (classroom.course / "submitted/ann/perceptron/perceptron.ipynb").read_text() == "answers"
    assert {path.name for path in classroom.folder.iterdir()} == {"course", "exchange", "state"}


@pytest.mark.parametrize("action", [lambda s, f: restore(s, f, replace=True), lambda s, f: new_term(s, "2026-fall")])
def test_a_running_hub_is_in_the_way(classroom, tmp_path, action):
    with sleeping("jupyterhub") as hub:
        (classroom.state / "hub.pid").write_text(str(hub.pid))
        with pytest.raises(HubError, match="The hub is running"):
            action(classroom, tmp_path / "class.tar.gz")


@contextlib.contextmanager
def sleeping(*arguments, **variables):
    """A process that is there."""
    code = "print(flush=True); import time; time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env={**os.environ, **variables}, stdout=subprocess.PIPE
    )
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def test_so_is_the_server_that_a_killed_hub_has_left(classroom, tmp_path):
    with (
        sleeping(JUPYTERHUB_USER="ann", COURSE_EXCHANGE=str(classroom.exchange)),
        sleeping(JUPYTERHUB_USER="bob", COURSE_EXCHANGE="/another/class"),
        pytest.raises(HubError, match=r"still running \(ann\)"),
    ):
        new_term(classroom, "2026-fall")


def test_the_number_of_a_hub_from_before_a_power_cut_is_not_in_the_way(classroom):
    with sleeping("a stranger") as stranger:
        (classroom.state / "hub.pid").write_text(str(stranger.pid))
        assert new_term(classroom, "2026-fall").is_dir()


def test_a_new_term_begins_empty_and_keeps_the_last(classroom):
    (classroom.course / "solutions").mkdir()
    aside = new_term(classroom, "2026-fall")
    assert {path.name for path in classroom.course.iterdir()} == {"solutions"}
    inbound = classroom.exchange / "perceptrons-to-jets/inbound"
    assert list(inbound.iterdir()) == []
    assert [oct(path.stat().st_mode & 0o7777) for path in (classroom.exchange, inbound)] == ["0o1777", "0o3733"]
    assert (aside / "submitted/ann/perceptron/perceptron.ipynb").read_text() == "answers"
    assert (aside / "exchange/perceptrons-to-jets/inbound/ann+perceptron+now+x").is_dir()
    with pytest.raises(HubError, match="choose another name"):
        new_term(classroom, "2026-fall")
    with pytest.raises(HubError, match="cannot be the name of a folder"):
        new_term(classroom, "../x")
