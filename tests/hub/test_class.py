"""A class as its people see it: real JupyterHub, nbgrader and servers, and a real browser."""

import csv
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import expect

from course_utils.hub.demo import demo_users
from tests.hub.classroom import require_programs
from tests.hub.desk import NAME, PATIENCE, at_desk, eventually

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PROBE = Path(__file__).with_name("probe.py")
INSTRUCTOR, ANN, BOB = "p2j-instructor", "p2j-ann", "p2j-bob"
as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="without root all servers of the demo are one Unix user's: nothing is isolated"
)


def processes_in(folder: Path) -> list[int]:
    """The processes that have the folder in their command or their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if bytes(folder) in text and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def accounts() -> list[str]:
    return [account.pw_name for account in demo_users()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo class, started as `make hub` starts it."""
    require_programs()
    folder = tmp_path_factory.mktemp("demo")
    variables = {**os.environ, "TMPDIR": str(folder)}
    started = time.monotonic()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("course"), "hub", "demo"],
        cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said = ""
        for line in process.stdout:
            said += line
            if "Stop with Ctrl-C" in line:
                break
        address = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert address, said
        [base] = folder.glob("p2j-*")
        yield SimpleNamespace(
            process=process,
            address=address[0],
            passwords=dict(re.findall(r"^  \w+ +(p2j-\w+) +(\S+)$", said, re.MULTILINE)),
            said=said,
            base=base,
            course=base / "class/course",
            inbound=base / "class/exchange/perceptrons-to-jets/inbound",
            seconds=time.monotonic() - started,
        )
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


@pytest.fixture(scope="module")
def ann(demo, browser):
    with at_desk(browser, demo.address, ANN, demo.passwords[ANN]) as desk:
        desk.wait_for_lab()
        yield desk


@pytest.fixture(scope="module")
def bob(demo, browser):
    with at_desk(browser, demo.address, BOB, demo.passwords[BOB]) as desk:
        desk.wait_for_lab()
        yield desk


@pytest.fixture(scope="module")
def instructor(demo, browser):
    with at_desk(browser, demo.address, INSTRUCTOR, demo.passwords[INSTRUCTOR]) as desk:
        desk.wait_for_lab()
        yield desk


def solution(task: str) -> str:
    notebook = nbformat.read(ROOT / f"solutions/{NAME}/{NAME}.ipynb", as_version=4)
    return next(c.source for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == task)


def notebook_of(demo, student: str) -> Path:
    return demo.base / "homes" / student / f"perceptrons-to-jets/{NAME}/{NAME}.ipynb"


def test_passwords_are_made_fresh_and_a_wrong_one_is_refused(demo, browser):
    assert set(demo.passwords) == {INSTRUCTOR, ANN, BOB, "p2j-cem"}
    assert all(len(password) >= 12 for password in demo.passwords.values())
    with at_desk(browser, demo.address, ANN, "perceptron") as desk:
        expect(desk.page.locator(".login_error")).to_contain_text("Invalid username or password", timeout=PATIENCE)


def test_only_the_loopback_is_listened_on(demo):
    port = f"{int(demo.address.rsplit(':', 1)[1]):04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert {fields[1].split(":")[0] for fields in lines if fields[1].endswith(f":{port}") and fields[3] == "0A"} == {
        "0100007F"
    }


def test_a_whole_round(demo, ann, bob, instructor, record_property):
    started = time.monotonic()
    folder = demo.base / "homes" / ANN / "perceptrons-to-jets"
    assert (folder / "README.md").is_file()
    assert (folder / "chapters/foundations/perceptron.ipynb").is_file()
    assert ann.nbgrader_menu() == ["Assignment List"]
    assert instructor.nbgrader_menu()[:3] == ["Assignment List", "Course List", "Formgrader"]

    ann.fetch()
    ann.open_notebook(f"{NAME}/{NAME}.ipynb")
    ann.answer("def neuron_output", solution("neuron_output"))
    said = ann.validate()
    assert re.search(r"^1 of 10 visible checks passed\.$", said, re.MULTILINE)
    assert "1 · " not in said  # the solved task
    assert re.search(r"^2 · .*\n+Not filled in yet\.$", said, re.MULTILINE)
    assert "hidden tests too, which run when it is graded" in said
    [receipt] = ann.submit()
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d", receipt)
    bob.fetch()
    bob.submit()

    frame = instructor.formgrader()
    row = frame.locator("tr").filter(has_text=NAME).first
    assert "Successfully collected" in instructor.press(frame, row.locator(".glyphicon-cloud-download"))
    row.locator(".num-submissions a").click()
    for student in (ANN, BOB):
        line = frame.locator("tr").filter(has_text=student)
        assert "Successfully autograded" in instructor.press(frame, line.locator(".glyphicon-flash"))
    expect(frame.locator("tr").filter(has_text=ANN).locator(".score")).to_contain_text("2 / 20")
    expect(frame.locator("tr").filter(has_text=BOB).locator(".score")).to_contain_text("0 / 20")

    frame = instructor.formgrader()
    row = frame.locator("tr").filter(has_text=NAME).first
    assert "Successfully generated" in instructor.press(frame, row.locator(".glyphicon-comment"))
    assert "Successfully released" in instructor.press(frame, row.locator(".glyphicon-envelope"))
    assert "2.0 / 2.0" in ann.read_feedback()
    assert "0.0 / 2.0" in bob.read_feedback()
    record_property("hub: the demo is up after", f"{demo.seconds:.0f} s")
    record_property("hub: a round with two students in the browser", f"{time.monotonic() - started:.0f} s")
    assert [line for desk in (ann, bob, instructor) for line in desk.refused] == []


def test_a_broken_file_is_refused_with_the_reason(demo, bob):
    handed_in = sorted(demo.inbound.iterdir())
    mine = notebook_of(demo, BOB)
    whole = mine.read_bytes()
    mine.write_bytes(whole[:-100])
    said = bob.submit_in_vain()
    assert f"{NAME} is not handed in: {NAME}.ipynb is not a notebook" in said
    assert "Traceback" not in said
    mine.write_bytes(whole)
    assert sorted(demo.inbound.iterdir()) == handed_in


def test_handed_in_again_late_and_marked_by_hand(demo, ann, instructor):
    """The later one counts, with its lateness; a person marks the answer in words; the marks leave as a table."""
    with Gradebook(f"sqlite:///{demo.course}/gradebook.db?timeout=60", "perceptrons-to-jets") as book:
        book.update_or_create_assignment(NAME, duedate=datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=5))
    ann.open_notebook(f"{NAME}/{NAME}.ipynb")
    ann.answer("def update", solution("update"))
    assert len(ann.submit()) == len(list(demo.inbound.glob(f"{ANN}+*"))) == 2

    frame = instructor.formgrader()
    row = frame.locator("tr").filter(has_text=NAME).first
    assert "Successfully collected" in instructor.press(frame, row.locator(".glyphicon-cloud-download"))
    instructor.type_in_terminal(f"course grade {NAME}; echo $? > ~/code")
    code = demo.base / "homes" / INSTRUCTOR / "code"
    assert eventually(lambda: code.is_file() and code.read_text() != "", 120)
    assert code.read_text().strip() == "0"
    with (demo.course / f".grading/{NAME}.csv").open() as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {student: (row["verdict"], row["points"]) for student, row in rows.items()} == {
        ANN: ("graded", "4"),
        BOB: ("graded", "0"),
    }
    assert 4.9 < float(rows[ANN]["late_hours"]) < 5.5
    assert float(rows[BOB]["late_hours"]) > 4

    instructor.mark(ANN, "report", 1.5, "Which other number would tell more?")
    frame = instructor.formgrader()
    row = frame.locator("tr").filter(has_text=NAME).first
    assert "Successfully generated" in instructor.press(frame, row.locator(".glyphicon-comment"))
    assert "Successfully released" in instructor.press(frame, row.locator(".glyphicon-envelope"))
    said = ann.read_feedback()
    assert "5.5 / 20" in said
    assert "Which other number would tell more?" in said

    instructor.type_in_terminal("nbgrader export --to ~/marks.csv")
    marks = demo.base / "homes" / INSTRUCTOR / "marks.csv"
    assert eventually(lambda: marks.is_file() and marks.read_text().count("\n") == 4, 60)
    with marks.open() as file:
        rows = {row["id"]: row[f"{NAME} (of 20)"] for row in csv.DictReader(file)}
    assert rows == {ANN: "5.5", BOB: "0", "p2j-cem": ""}  # Cem has handed in nothing


@as_root
def test_a_server_has_its_limits_and_no_privileges(demo, ann):
    owner = pwd.getpwnam(ANN).pw_uid
    servers = [Path(f"/proc/{pid}") for pid in processes_in(demo.base)]
    servers = [process for process in servers if process.stat().st_uid == owner]
    assert servers
    for process in servers:
        limits, status = (process / "limits").read_text(), (process / "status").read_text()
        assert re.search(rf"^Max address space +{6 * 1024**3} ", limits, re.MULTILINE)
        assert re.search(r"^Max processes +500 ", limits, re.MULTILINE)
        assert re.search(r"^CapEff:\s0+$", status, re.MULTILINE)
        assert re.search(r"^CapPrm:\s0+$", status, re.MULTILINE)
        assert re.search(r"^NoNewPrivs:\s1$", status, re.MULTILINE)
        assert len(os.sched_getaffinity(int(process.name))) <= 2


@as_root
def test_folders_are_closed(demo):
    owner = pwd.getpwnam(INSTRUCTOR).pw_uid
    for path, mode in [
        (demo.course, 0o700),
        (demo.base / "class/state", 0o700),
        (demo.base / "class/exchange", 0o1777),
        (demo.inbound, 0o3733),
        *((demo.base / "homes" / user, 0o700) for user in (INSTRUCTOR, ANN, BOB)),
    ]:
        assert (path, oct(path.stat().st_mode & 0o7777)) == (path, oct(mode))
    assert {path.stat().st_uid for path in [demo.course, *demo.course.rglob("*")]} == {owner}


@as_root
def test_a_student_gets_nothing_that_is_not_theirs(demo, ann, bob, instructor, record_property):
    others = [
        demo.base / "homes" / BOB,
        demo.base / "homes" / INSTRUCTOR,
        demo.course,
        demo.course / "gradebook.db",
        demo.course / f"solutions/{NAME}/{NAME}.ipynb",
        demo.course / "submitted",
        demo.inbound,
        demo.base / "class/state/cookie_secret",
        demo.base / "class/state/jupyterhub.sqlite",
        demo.base / "hub.log",
        ROOT / f"solutions/{NAME}/{NAME}.ipynb",
        ROOT / ".git",
        ROOT / "tests",
        Path("/etc/shadow"),
    ]
    said = run_as_notebook(demo, ann, probe(demo, others, BOB))
    record_property("hub: requests a student tried at others' ports", said["tried"])
    assert said["got"] == []


@as_root
def test_the_probe_finds_what_is_open(demo, ann):
    """The same probe, pointed at what the student does have."""
    mine = demo.base / "homes" / ANN / "perceptrons-to-jets"
    said = run_as_notebook(demo, ann, probe(demo, [mine], ANN))
    assert any(line.startswith(f"list {mine}") for line in said["got"])
    assert any(line.startswith(f"hub API GET /users/{ANN}") for line in said["got"])
    assert any(line.startswith("http://127.0.0.1:") and f"/user/{ANN}/api/contents" in line for line in said["got"])


def probe(demo, paths: list[Path], other: str) -> str:
    """The probe's code, with what it is to try: paths, another person, and every port that the class listens on."""
    ours = set(processes_in(demo.base))
    ports = sorted(c.laddr.port for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.pid in ours)
    assert len(ports) >= 5  # hub, proxy twice, two servers
    given = {"PATHS": list(map(str, paths)), "OTHER": other, "INSTRUCTOR": INSTRUCTOR, "PORTS": ports}
    return "\n".join([*(f"{name} = {value!r}" for name, value in given.items()), PROBE.read_text()])


def run_as_notebook(demo, desk, source: str) -> dict:
    """Run a cell on a student's own server, in the browser, and give what it found."""
    path = demo.base / "homes" / desk.user / "perceptrons-to-jets/probe.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    shutil.chown(path, desk.user)
    desk.open_notebook("probe.ipynb")
    desk.page.get_by_role("menuitem", name="Run", exact=True).click()
    desk.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    output = desk.page.locator(".jp-OutputArea-output").filter(has_text="PROBED").first
    output.wait_for()
    return json.loads(output.inner_text().partition("PROBED ")[2])


def test_students_have_neither_formgrader_nor_anothers_pages(demo, ann, bob, instructor):
    def status(desk, path):
        return desk.page.request.get(demo.address + path).status

    assert status(ann, f"/user/{ANN}/api/status") == 200
    assert status(ann, f"/user/{ANN}/formgrader/manage_assignments") == 404
    assert status(ann, f"/user/{ANN}/formgraders") == 404
    assert status(ann, f"/user/{BOB}/api/contents") == 403
    assert status(ann, f"/user/{INSTRUCTOR}/formgrader/manage_assignments") == 403
    assert status(ann, "/hub/admin") == 403


@as_root
def test_what_pretends_to_be_anothers_is_not_collected(demo, ann, bob, instructor):
    """Ann hands in a folder in Bob's name, and a link to the solution in her own."""
    secret = demo.course / f"solutions/{NAME}"
    source = (
        "import json, os, pathlib\n"
        f"inbound = pathlib.Path({str(demo.inbound)!r})\n"
        f"forged = inbound / '{BOB}+{NAME}+2001-01-01 00:00:00 UTC+AAAA'\n"
        "forged.mkdir()\n"
        f"(forged / '{NAME}.ipynb').write_text('forged')\n"
        f"linked = inbound / '{ANN}+{NAME}+2001-01-01 00:00:00 UTC+BBBB'\n"
        "linked.mkdir()\n"
        f"os.symlink('{secret}/{NAME}.ipynb', linked / '{NAME}.ipynb')\n"
        f"os.symlink('{secret}', inbound / '{ANN}+{NAME}+2001-01-01 00:00:00 UTC+CCCC')\n"
        "print('PROBED ' + json.dumps({'made': 3}))\n"
    )
    assert run_as_notebook(demo, ann, source) == {"made": 3}
    before = (demo.course / f"submitted/{BOB}/{NAME}/{NAME}.ipynb").read_bytes()
    frame = instructor.formgrader()
    row = frame.locator("tr").filter(has_text=NAME).first
    said = instructor.press(frame, row.locator(".glyphicon-cloud-download"))
    assert f"belongs to {ANN}" in said
    assert "is no folder" in said
    assert (demo.course / f"submitted/{BOB}/{NAME}/{NAME}.ipynb").read_bytes() == before
    assert not (demo.course / f"submitted/{ANN}/{NAME}/{NAME}.ipynb").exists()  # the link leads nowhere
    assert len(list(demo.inbound.glob(".refused+*"))) == 2


def test_a_correction_leaves_a_students_answers(demo, ann):
    """The assignment is corrected and released again after it was fetched."""
    mine = notebook_of(demo, ANN)
    answers = mine.read_bytes()
    original = demo.course / f"solutions/{NAME}/{NAME}.ipynb"
    original.write_text(original.read_text().replace("step neuron", "corrected neuron"))
    command = [Path(sys.executable).with_name("course"), "hub", "release", NAME]
    variables = {**os.environ, "COURSE_HUB_SETTINGS": str(demo.base / "settings.toml")}
    first = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert first.returncode == 1
    assert "is released already. With --again" in first.stderr
    again = subprocess.run([*command, "--again"], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert (again.returncode, again.stderr) == (0, "")
    ann.open_from_menu("Assignment List")
    ann.panel.get_by_role("button", name="Submit", exact=True).wait_for()
    assert mine.read_bytes() == answers
    shutil.move(mine.parent, mine.parents[1] / "my-first-copy")
    ann.fetch()
    assert "corrected neuron" in mine.read_text()


def test_nothing_is_left_when_the_starter_is_killed(demo, record_property):
    assert processes_in(demo.base)
    started = time.monotonic()
    demo.process.send_signal(signal.SIGKILL)
    demo.process.wait()
    assert eventually(lambda: not processes_in(demo.base) and not demo.base.exists())
    record_property("hub: everything is gone after", f"{time.monotonic() - started:.0f} s")
    assert accounts() == []
