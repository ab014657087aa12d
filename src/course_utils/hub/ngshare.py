"""The exchange as a service, for a class on Kubernetes, whose people share neither a machine nor Unix accounts.

ngshare knows from the hub who asks, and from the roster who may do what.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any

import requests
from nbgrader.api import Gradebook
from nbgrader.utils import parse_utc
from traitlets.config import Config

from course_utils.grading.course import Course
from course_utils.grading.received import beside, keep
from course_utils.hub.people import Ids, read_roster
from course_utils.hub.settings import HubError

COURSE = "perceptrons-to-jets"
HUB = Ids(r"[a-z0-9_][a-z0-9_.@-]{0,254}", "as the hub knows them: small letters, digits, and . @ _ - after the first")
Entry = dict[str, str]


def use(config: Config) -> None:
    """Let nbgrader use ngshare as its exchange."""
    from ngshare_exchange import configureExchange  # whose modules want to be imported in somebody's server
    from ngshare_exchange.collect import ExchangeCollect

    class Collect(Collected, ExchangeCollect):
        """ngshare's `collect`, and our way to keep what has come."""

    configureExchange(config, os.environ["COURSE_NGSHARE"])
    config.ExchangeFactory.collect = Collect


class Collected:
    """A submission from ngshare, by its clock; a file that cannot be written does not keep out the other students."""

    def do_copy(self, src: list[Entry], dest: str) -> None:
        *files, stamp = src  # the client puts ngshare's time last
        folder = beside(Path(dest))
        folder.mkdir(parents=True)
        for file in files:
            target = folder / file["path"]
            try:
                if not target.resolve().is_relative_to(folder.resolve()):
                    raise OSError("it leads out of the folder")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(base64.b64decode(file["content"]))
            except (OSError, ValueError) as error:
                self.log.warning(f"Not collected: {file['path']!r} of {dest}: {error}")
        keep(folder, Path(dest), parse_utc(base64.b64decode(stamp["content"]).decode()))


def add_students(roster: Path, root: Path) -> int:
    """Enter the people of a roster into ngshare, and into the gradebook of the course in `root`; gives their number."""
    people = read_roster(roster, taken={os.environ["JUPYTERHUB_USER"]}, ids=HUB)
    if COURSE not in ask("GET", "/courses")["courses"]:
        ask("POST", f"/course/{COURSE}", instructors=json.dumps([os.environ["JUPYTERHUB_USER"]]))
    students = [
        {"username": person.id, "first_name": person.first_name, "last_name": person.last_name, "email": person.email}
        for person in people
    ]
    ask("POST", f"/students/{COURSE}", students=json.dumps(students))
    directory = Course(root).directory
    with Gradebook(directory.db_url, directory.course_id) as book:
        for person in people:
            book.update_or_create_student(
                person.id, first_name=person.first_name, last_name=person.last_name, email=person.email
            )
    return len(people)


def ask(method: str, path: str, **data: str) -> dict[str, Any]:
    """What ngshare answers to the person whose server this is."""
    address = os.environ["COURSE_NGSHARE"]
    token = {"Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}"}
    try:
        answer = requests.request(method, address + path, headers=token, data=data, timeout=60).json()
    except (requests.RequestException, ValueError) as error:
        raise HubError(f"ngshare does not answer at {address}: {error}. Is its pod running?") from None
    if not answer["success"]:
        raise HubError(f"ngshare refuses: {answer['message']}")
    return answer
