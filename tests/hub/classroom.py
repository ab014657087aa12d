"""A class as it is in a term: Unix accounts, the hub of hub/jupyterhub_config.py, an assignment that is released."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from course_utils.authoring import checkout
from course_utils.hub import classroom, people, temporary
from course_utils.hub.programs import find_proxy
from course_utils.hub.settings import HubError, Settings
from tests.conftest import missing
from tests.hub.desk import NAME
from tests.hub.student import COURSE, Student


@dataclass
class Class:
    base: Path
    settings: Settings
    instructor: Student
    students: dict[str, Student]
    hub: subprocess.Popen | None = None

    def kill_hub(self) -> None:
        self.hub.kill()
        self.hub.wait()

    def start_hub(self, *options: str) -> None:
        self.hub = temporary.start_hub(self.base, *options)

    @property
    def inbound(self) -> Path:
        return self.settings.exchange / COURSE / "inbound"

    def handed_in(self, user: str) -> list[Path]:
        """What collecting finds of a student's."""
        return sorted(self.inbound.glob(f"{user}+{NAME}+*"))

    def folder(self, user: str) -> Path:
        """A student's folder of the course."""
        return self.settings.home(user) / COURSE

    def submitted(self, user: str) -> Path:
        """Where collecting puts a student's submission."""
        return self.settings.course / "submitted" / user / NAME

    def collect(self) -> None:
        classroom.nbgrader(self.settings, "collect", NAME, "--update")

    def processes(self, user: str) -> list[psutil.Process]:
        """A person's server, the sandbox around it, kernels."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                variables = process.environ()
                if variables.get("JUPYTERHUB_USER") == user and "COURSE_EXCHANGE" in variables:
                    found.append(process)
        return found

    def server(self, user: str) -> psutil.Process:
        """The one Jupyter server of a person."""
        [server] = [process for process in self.processes(user) if "jupyterhub-singleuser" in str(process.cmdline())]
        return server

    def proxy(self) -> psutil.Process:
        return psutil.Process(int((self.settings.state / "proxy.pid").read_text()))


@contextlib.contextmanager
def real_class(base: Path, name: str, students: int, **values: float) -> Iterator[Class]:
    """A class whose hub is running; otherwise as `prepared_class`."""
    with prepared_class(base, name, students, **values) as one:
        one.start_hub()
        try:
            yield one
        finally:
            temporary.stop_hub(one.hub)


@contextlib.contextmanager
def prepared_class(base: Path, name: str, students: int, **values: float) -> Iterator[Class]:
    """A class in the folder `base`; its accounts are called p2j-`name`-…, and those of a run that was killed go.

    `values` are settings.
    """
    if os.geteuid() != 0:
        pytest.skip("without root there is one Unix user for all")
    require_programs()
    roster = [people.Person(f"p2j-{name}-{k:02}", f"Student {k}", "Test", "") for k in range(1, students + 1)]
    instructor, group = f"p2j-{name}-instructor", f"p2j-{name}-students"
    temporary.remove_accounts({instructor, *(person.id for person in roster)}, group)
    settings = temporary.write_settings(base, instructor=instructor, group=group, **values)
    with temporary.accounts(settings, roster) as passwords:
        classroom.prepare(settings, checkout())
        people.enter(settings, roster)
        classroom.release(settings, NAME, again=False)
        everybody = {user: Student(settings.address, user, password) for user, password in passwords.items()}
        yield Class(base, settings, everybody.pop(instructor), everybody)


def require_programs() -> None:
    """What a class needs beside Python."""
    try:
        find_proxy()
    except HubError as error:
        missing("JupyterHub's proxy", str(error))
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")


def memory(processes: list[psutil.Process]) -> int:
    """What processes take of the machine's memory, in bytes: shared pages are counted once among those that share."""
    return sum(process.memory_full_info().pss for process in processes)
