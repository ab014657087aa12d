"""A student of the class without a browser: the requests that their browser makes."""

import json
import re
import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any

import requests

from tests.hub.desk import NAME

PATIENCE = 120  #: seconds
COURSE = "perceptrons-to-jets"
TOKEN = re.compile(r'name="_xsrf" value="([^"]+)"')


class Student:
    def __init__(self, address: str, user: str, password: str) -> None:
        self.address, self.user, self.password = address, user, password
        self.browser = requests.Session()

    @property
    def server(self) -> str:
        return f"{self.address}/user/{self.user}"

    def sign_in(self) -> None:
        """Sign in at the hub's page, which starts the server; on to JupyterLab when it is there."""
        page = self.get("/hub/login")
        if token := TOKEN.search(page.text):  # not signed in yet
            form = {"username": self.user, "password": self.password, "_xsrf": token[1]}
            page = self.browser.post(page.url, data=form, headers={"Sec-Fetch-Mode": "navigate"}, timeout=PATIENCE)
        self.on(page)

    def on(self, page: requests.Response) -> None:
        """From a page of the hub's to JupyterLab: wait with it, as long as it is about the start of the server."""
        page.raise_for_status()
        deadline = time.monotonic() + PATIENCE
        while "/hub/spawn-pending/" in page.url and time.monotonic() < deadline:
            self.wait_for_start()
            page = self.get(f"/user/{self.user}/lab")
        assert page.url == f"{self.server}/lab", page.url

    def wait_for_start(self) -> None:
        url = f"{self.address}/hub/api/users/{self.user}/server/progress"
        with self.browser.get(url, params={"_xsrf": self.token("/hub/")}, stream=True, timeout=PATIENCE) as events:
            if events.status_code == 400:  # a hub that has just begun still looks whether the server runs
                time.sleep(1)
                return
            events.raise_for_status()
            said = [json.loads(line.partition(b":")[2]) for line in events.iter_lines() if line.startswith(b"data:")]
        assert said[-1].get("ready"), said

    def start_server(self) -> None:
        """*Start My Server* on the hub's page."""
        self.on(self.get("/hub/spawn"))

    def stop_server(self) -> None:
        """*Stop My Server* on the hub's page."""
        url, headers = f"{self.address}/hub/api/users/{self.user}/server", {"X-XSRFToken": self.token("/hub/")}
        self.browser.delete(url, headers=headers, timeout=PATIENCE).raise_for_status()

    def has_server(self) -> bool:
        """What the hub says."""
        return self.get("/hub/api/user").json()["server"] is not None

    def get(self, path: str) -> requests.Response:
        """Open a page."""
        answer = self.browser.get(self.address + path, headers={"Sec-Fetch-Mode": "navigate"}, timeout=PATIENCE)
        answer.raise_for_status()
        return answer

    def token(self, path: str) -> str:
        return self.browser.cookies.get("_xsrf", path=path)

    def assignments(self) -> list[dict[str, Any]]:
        """What the Assignment List shows: released, fetched and submitted."""
        return self.listed(self.get(f"/user/{self.user}/assignments?course_id={COURSE}"))

    def act(self, action: str) -> list[dict[str, Any]]:
        """Press Fetch or Submit in the Assignment List; gives what it shows then."""
        data = {"course_id": COURSE, "assignment_id": NAME}
        return self.listed(self.ask("POST", f"assignments/{action}", data))

    def start_kernel(self) -> str:
        return self.ask("POST", "api/kernels").json()["id"]

    def stop_kernel(self, kernel: str) -> None:
        self.ask("DELETE", f"api/kernels/{kernel}")

    def ask(self, method: str, path: str, data: dict[str, str] | None = None) -> requests.Response:
        """What a page of their own server's asks the server for."""
        headers = {"X-XSRFToken": self.token(f"/user/{self.user}/")}
        answer = self.browser.request(method, f"{self.server}/{path}", data=data, headers=headers, timeout=PATIENCE)
        answer.raise_for_status()
        return answer

    @staticmethod
    def listed(answer: requests.Response) -> list[dict[str, Any]]:
        said = answer.json()
        if not said["success"]:
            raise RefusedError(said["value"])
        return said["value"]

    def receipts(self) -> list[str]:
        """The times of what was handed in, as the Assignment List shows them."""
        shown = [entry for entry in self.assignments() if entry["status"] == "submitted"]
        return [submission["timestamp"] for entry in shown for submission in entry["submissions"]]


class RefusedError(Exception):
    """The Assignment List says that something could not be done, and why."""


def late(times: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(times, n=20, method="inclusive")[-1]


def seconds(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started
