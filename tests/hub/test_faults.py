"""What is killed, or full, while a class is at work; and that nothing of anybody's is lost."""

import contextlib
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from course_utils.hub.settings import HubError
from tests.conftest import missing
from tests.hub.classroom import real_class
from tests.hub.desk import NAME, eventually
from tests.hub.student import RefusedError, Student
from tests.hub.test_submit import is_whole

pytestmark = pytest.mark.slow

LARGE = 90_000_000  #: bytes that take a while to copy


@pytest.fixture(scope="module")
def one_class(tmp_path_factory):
    with real_class(tmp_path_factory.mktemp("faults"), "fault", students=3) as one:
        yield one


@pytest.fixture
def students(one_class):
    """Everybody is signed in, with a server that runs, and nothing is handed in."""
    everybody = list(one_class.students.values())
    with ThreadPoolExecutor() as pool:
        list(pool.map(Student.sign_in, everybody))
    return everybody


@pytest.fixture
def ann(students):
    return students[0]


def wait_for(holds, seconds=60.0):
    """Look a thousand times a second: what is waited for is soon over."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return found


def in_background(action):
    """Run `action`; gives what it raised, when it has ended."""
    raised = []

    def run():
        try:
            action()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def result():
        thread.join(120)
        assert not thread.is_alive()
        return raised[0] if raised else None

    return result


def enlarge(one_class, user):
    """Put a file beside the notebook that takes a while to copy."""
    (one_class.folder(user) / NAME / "data.bin").write_bytes(bytes(LARGE))


def whole(folder):
    return is_whole(folder) and (folder / "data.bin").stat().st_size == LARGE


# ── The hub ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_killed_hub_finds_everybody_as_they_were(one_class, ann):
    kernel = ann.start_kernel()
    server = one_class.server(ann.user)
    one_class.kill_hub()
    assert eventually(lambda: not answers(ann.server))  # the proxy has ended with it
    one_class.start_hub()
    assert ann.get("/hub/home").url.endswith("/hub/home")  # and not the page to sign in
    assert ann.has_server()
    assert one_class.server(ann.user) == server
    assert [each["id"] for each in ann.get(f"/user/{ann.user}/api/kernels").json()] == [kernel]
    assert all(student.has_server() for student in one_class.students.values())


def answers(address):
    try:
        return requests.get(f"{address}/api", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_a_killed_hub_stops_the_servers_that_it_found_again(one_class, ann):
    one_class.kill_hub()
    one_class.start_hub()
    assert one_class.processes(ann.user)
    ann.stop_server()
    assert not ann.has_server()
    assert eventually(lambda: not one_class.processes(ann.user))


def test_what_died_with_the_hub_does_not_run(one_class, ann):
    """A machine that was switched off."""
    one_class.kill_hub()
    for process in one_class.processes(ann.user):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    one_class.start_hub()
    assert not ann.has_server()
    ann.start_server()
    assert one_class.server(ann.user).is_running()


def test_a_strangers_process_is_neither_taken_for_a_server_nor_ended(one_class, ann):
    """After a restart of the machine a process id may be anybody's."""
    one_class.kill_hub()
    lost = one_class.server(ann.user)
    with subprocess.Popen(["sleep", "600"]) as stranger:
        with contextlib.closing(sqlite3.connect(one_class.settings.state / "jupyterhub.sqlite")) as state, state:
            whose = "user_id = (select id from users where name = ?)"
            state.execute(f"update spawners set state = ? where {whose}", (f'{{"pid": {stranger.pid}}}', ann.user))
        one_class.start_hub()
        shown, ended = ann.has_server(), stranger.poll()
        stranger.kill()
    assert not shown
    assert ended is None
    ann.start_server()
    assert not lost.is_running()


def test_a_hub_killed_while_a_server_starts(one_class, ann):
    ann.stop_server()
    assert eventually(lambda: not one_class.processes(ann.user))
    result = in_background(ann.start_server)
    wait_for(lambda: one_class.processes(ann.user))
    one_class.kill_hub()
    assert isinstance(result(), requests.RequestException | AssertionError)
    one_class.start_hub()
    ann.start_server()
    assert one_class.server(ann.user).is_running()
    assert ann.assignments()


# ── The proxy, a server ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_killed_proxy_is_started_again(one_class, ann):
    server, proxy = one_class.server(ann.user), one_class.proxy()
    proxy.kill()
    assert eventually(lambda: proxy != one_class.proxy() and answers(ann.server))
    assert ann.assignments()
    assert one_class.server(ann.user) == server


def test_a_killed_server_is_seen_and_started_again(one_class, ann):
    notes = one_class.folder(ann.user) / "notes.txt"
    notes.write_text("mine")
    one_class.server(ann.user).kill()
    assert eventually(lambda: not one_class.processes(ann.user))
    assert eventually(lambda: not ann.has_server(), 60)
    ann.start_server()
    assert ann.get(f"/user/{ann.user}/files/notes.txt").text == "mine"


def test_the_instructors_server_ends_too(one_class):
    """It sees the machine's processes, so it has no process 1 of its own that takes the others along."""
    one_class.instructor.sign_in()
    one_class.instructor.start_kernel()
    assert one_class.server(one_class.instructor.user).is_running()
    one_class.instructor.stop_server()
    assert eventually(lambda: not one_class.processes(one_class.instructor.user))


def test_a_class_to_try_ends_with_its_hub(one_class, ann):
    one_class.kill_hub()
    one_class.start_hub("--UnixUserSpawner.outlives_hub=False")
    ann.stop_server()
    ann.start_server()
    one_class.kill_hub()
    assert eventually(lambda: not one_class.processes(ann.user))
    one_class.start_hub()


# ── Handing in and collecting ───────────────────────────────────────────────────────────────────────────────────


def hand_in(one_class, student):
    student.act("fetch")
    enlarge(one_class, student.user)
    student.act("submit")


def test_a_hub_killed_while_a_student_submits(one_class, ann):
    ann.act("fetch")
    enlarge(one_class, ann.user)
    result = in_background(lambda: ann.act("submit"))
    wait_for(lambda: list(one_class.inbound.glob(f"*{ann.user}+*/data.bin")))
    one_class.kill_hub()
    assert isinstance(result(), requests.RequestException)  # the student does not know whether it came
    one_class.start_hub()
    [receipt] = ann.receipts()  # and reads it here
    [submission] = one_class.handed_in(ann.user)
    assert whole(submission)
    assert receipt in submission.name


def test_a_server_killed_while_a_student_submits(one_class, ann, students):
    bob = students[1]
    bob.act("fetch")
    enlarge(one_class, bob.user)
    result = in_background(lambda: bob.act("submit"))
    wait_for(lambda: list(one_class.inbound.glob(f"*{bob.user}+*/data.bin")))
    one_class.server(bob.user).kill()
    assert isinstance(result(), requests.RequestException)
    assert one_class.handed_in(bob.user) == []
    assert eventually(lambda: not bob.has_server(), 60)
    bob.start_server()
    assert bob.receipts() == []
    bob.act("submit")
    [submission] = one_class.handed_in(bob.user)
    assert whole(submission)
    assert len(bob.receipts()) == 1


def test_a_full_disk_is_told(one_class, students):
    cem = students[2]
    cem.act("fetch")
    cem.stop_server()
    mode = one_class.inbound.stat().st_mode & 0o7777
    disk = ["mount", "-t", "tmpfs", "-o", f"size=16k,mode={mode:o}", "none", str(one_class.inbound)]
    if subprocess.run(disk, capture_output=True).returncode:
        missing("a file system to fill", "this machine lets root mount none")
    try:
        cem.start_server()
        with pytest.raises(RefusedError, match=r"(?s)^perceptron is not handed in, .*No space left on device") as said:
            cem.act("submit")
        assert "Traceback" not in str(said.value)
        assert cem.receipts() == list(one_class.inbound.iterdir()) == []
        cem.stop_server()
    finally:
        subprocess.run(["umount", str(one_class.inbound)], check=True)
    cem.start_server()
    cem.act("submit")
    [submission] = one_class.handed_in(cem.user)
    assert is_whole(submission)


def copied_since(started, submitted):
    with contextlib.suppress(FileNotFoundError):
        return any(copy.stat().st_mtime > started for copy in submitted.glob("*/*/data.bin"))
    return False


def kill_collecting(one_class):
    """Kill `nbgrader collect` in the middle of a copy."""
    started = time.time()
    result = in_background(one_class.collect)
    wait_for(lambda: copied_since(started, one_class.settings.course / "submitted"))
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cmdline()[-3:] == ["collect", NAME, "--update"]:
                process.kill()
    assert isinstance(result(), HubError)


def test_a_killed_collecting_leaves_nothing_half_and_is_completed(one_class, students):
    for student in students:
        hand_in(one_class, student)
    for _ in ("first", "update"):
        kill_collecting(one_class)
        there = [one_class.submitted(student.user) for student in students]
        assert all(whole(folder) for folder in there if folder.exists())
        one_class.collect()
        for student, folder in zip(students, there, strict=True):
            assert whole(folder)
            assert {path.name for path in folder.parent.iterdir()} == {NAME, f".{NAME}.received.json"}
            newest = max(one_class.handed_in(student.user), key=lambda path: path.stat().st_ctime)
            secret = "submission_secret.txt"
            assert (folder / secret).read_bytes() == (newest / secret).read_bytes()
            student.act("submit")
