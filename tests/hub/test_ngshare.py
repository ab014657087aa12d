"""A class whose exchange is ngshare: the real service, nbgrader with its client, and a hub that knows the tokens."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import yaml
from nbgrader.api import Gradebook
from nbgrader.utils import parse_utc

from course_utils.grading.received import received
from course_utils.hub import ngshare
from course_utils.hub.settings import HubError
from tests.conftest import missing

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SERVICE = Path(sys.prefix) / "ngshare"  # where make puts it
NAME = "perceptron"
COURSE = "import sys; from course_utils.cli import main; sys.exit(main())"  # `course` of this checkout
PEOPLE = {"token-of-the-instructor": "instructor", "token-of-ann": "ann", "token-of-eve": "eve"}
ROSTER = "id,first_name,last_name,email\nann,Ann,Adams,ann@example.org\neve,Eve,Evans,\n"


class Hub(http.server.BaseHTTPRequestHandler):
    """The one thing that ngshare asks a hub: whose token this is."""

    def do_GET(self):
        user = PEOPLE.get(self.headers.get("Authorization", "").removeprefix("token "))
        self.send_response(200 if user and self.path == "/hub/api/user" else 403)
        self.end_headers()
        self.wfile.write(json.dumps({"name": user}).encode())

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The address of an ngshare that runs as ngshare.yaml says."""
    if not SERVICE.is_dir():
        missing("ngshare", f"pip install --no-deps --target {SERVICE} -r hub/kubernetes/ngshare.txt")
    objects = yaml.safe_load_all((ROOT / "hub/kubernetes/ngshare.yaml").read_text())
    [pod] = [item["spec"]["template"]["spec"] for item in objects if item["kind"] == "Deployment"]
    container = pod["containers"][0]
    folder, port = tmp_path_factory.mktemp("ngshare"), free_port()
    hub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    variables = {entry["name"]: entry["value"] for entry in container["env"]} | {
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{hub.server_port}/hub/api",
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SERVICE),
    }
    command = [sys.executable, *container["command"][1:]]
    places = ["--database", f"sqlite:///{folder}/ngshare.db", "--storage", f"{folder}/files/"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*command, *places], env=variables, cwd=folder, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    health = container["readinessProbe"]["httpGet"]["path"]
    try:
        for _ in range(300):
            try:
                requests.get(address + health, timeout=5).raise_for_status()
                break
            except requests.RequestException:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
        else:
            raise AssertionError((folder / "log").read_text())
        yield address + "/services/ngshare"
    finally:
        process.terminate()
        process.wait()
        hub.shutdown()
        hub.server_close()


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The instructor's folder, as it is uploaded."""
    root = tmp_path_factory.mktemp("course")
    for name in ("nbgrader_config.py", "_toc.yml"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    for part in ("solutions", "exercises"):
        folder = root / part / NAME
        folder.mkdir(parents=True)
        for path in (ROOT / part / NAME).glob("*.*"):
            (folder / path.name).write_bytes(path.read_bytes())
    return root


@pytest.fixture(scope="module")
def person(service, course, tmp_path_factory):
    """What makes a command run as somebody's server would: their token, their configuration, their folder."""
    homes = {user: tmp_path_factory.mktemp(user) for user in PEOPLE.values()}
    configuration = tmp_path_factory.mktemp("jupyter")
    for part in ("hub/jupyter", "hub/kubernetes/jupyter"):  # as the Dockerfile lays them over each other
        for path in (path for path in (ROOT / part).rglob("*") if path.is_file()):
            target = configuration / path.relative_to(ROOT / part)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())

    def run(user, *command, expected=0):
        instructs = user == "instructor"
        variables = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(homes[user]),
            "JUPYTERHUB_USER": user,
            "JUPYTERHUB_API_TOKEN": next(token for token, owner in PEOPLE.items() if owner == user),
            "JUPYTER_CONFIG_PATH": str(configuration / ("instructor" if instructs else "student")),
            "COURSE_FOLDER": str(course),
            "COURSE_NGSHARE": service,
        }
        done = subprocess.run(
            [sys.executable, "-P", *command],
            cwd=course if instructs else homes[user],
            env=variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout + done.stderr

    run.homes = homes
    return run


@pytest.fixture(scope="module")
def released(person, course):
    """The roster is entered, and an assignment is out."""
    (course / "roster.csv").write_text(ROSTER)
    said = person("instructor", "-c", COURSE, "hub", "add-students", "roster.csv")
    assert "2 students are in ngshare" in said
    person("instructor", "-m", "nbgrader", "generate_assignment", NAME, "--force", "--create")
    person("instructor", "-m", "nbgrader", "release_assignment", NAME)


def post(service, token, path, files):
    entries = [{"path": name, "content": "QQ=="} for name in files]
    headers = {"Authorization": f"token {token}"}
    return requests.post(service + path, headers=headers, data={"files": json.dumps(entries)}, timeout=10)


def test_a_submission_goes_through_with_the_service_s_time(released, person, course, service):
    listed = person("ann", "-m", "nbgrader", "list")
    assert NAME in listed
    person("ann", "-m", "nbgrader", "fetch_assignment", NAME)
    folder = person.homes["ann"] / NAME
    assert (folder / f"{NAME}.ipynb").is_file() and not list(folder.rglob("scoring.py"))
    (folder / "timestamp.txt").write_text("2001-01-01 00:00:00 UTC")
    before = datetime.now(UTC).replace(tzinfo=None)
    person("ann", "-m", "nbgrader", "submit", NAME)
    time.sleep(1.1)
    person("instructor", "-m", "nbgrader", "collect", NAME)
    handed_in = course / "submitted/ann" / NAME
    assert (handed_in / f"{NAME}.ipynb").read_bytes() == (folder / f"{NAME}.ipynb").read_bytes()
    assert before <= received(handed_in) <= before + timedelta(seconds=30)
    assert received(handed_in) == parse_utc((handed_in / "timestamp.txt").read_text().strip())
    time.sleep(1.1)
    (handed_in / "timestamp.txt").touch()
    assert received(handed_in) <= before + timedelta(seconds=30)


def test_strange_names_do_not_stop_the_class(released, person, course, service):
    path = f"/submission/perceptrons-to-jets/{NAME}"
    assert post(service, "token-of-eve", path, ["../../escape"]).status_code == 400
    names = [f"{NAME}.ipynb", f"{NAME}.ipynb/below", "a/b/c/d", "n" * 300, "timestamp.txt"]
    assert post(service, "token-of-eve", path, names).ok
    said = person("instructor", "-m", "nbgrader", "collect", NAME, "--update")
    handed_in = course / "submitted/eve" / NAME
    assert sorted(path.name for path in handed_in.rglob("*") if path.is_file()) == [
        "d",
        f"{NAME}.ipynb",
        "submission_secret.txt",
        "timestamp.txt",
    ]
    assert said.count("Not collected") == 2
    assert received(handed_in).year >= 2026


def test_a_student_cannot_do_what_an_instructor_can(released, person, service):
    for path in (f"/assignment/perceptrons-to-jets/{NAME}", "/course/mine"):
        assert not post(service, "token-of-eve", path, ["x"]).ok
    for path in (f"/submission/perceptrons-to-jets/{NAME}/ann", f"/submissions/perceptrons-to-jets/{NAME}/ann"):
        answer = requests.get(service + path, headers={"Authorization": "token token-of-eve"}, timeout=10)
        assert answer.status_code == 403 and not answer.json()["success"]
    answer = requests.get(
        service + "/courses", headers={"Authorization": "token wrong"}, timeout=10, allow_redirects=False
    )
    assert not answer.ok or "courses" not in answer.text


def test_the_roster_is_in_the_gradebook_and_may_come_again(released, person, course):
    person("instructor", "-c", COURSE, "hub", "add-students", "roster.csv")
    with Gradebook(f"sqlite:///{course}/gradebook.db", "perceptrons-to-jets") as book:
        assert {student.id: student.last_name for student in book.students} == {"ann": "Adams", "eve": "Evans"}


def test_a_service_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv("COURSE_NGSHARE", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "any")
    with pytest.raises(HubError, match=r"ngshare does not answer at .* Is its pod running"):
        ngshare.ask("GET", "/courses")
