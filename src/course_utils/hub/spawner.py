"""How the hub starts a person's server: as their own Unix user, or, without root, side by side in one."""

import contextlib
import os
import pwd
import signal
from collections.abc import Callable

from jupyterhub.spawner import LocalProcessSpawner, SimpleLocalProcessSpawner
from traitlets import Bool

from course_utils.grading.sandbox.confine import die_with_parent
from course_utils.hub.confine import KEEPER, as_user, environment, in_group, limited, python
from course_utils.hub.processes import keepers
from course_utils.hub.settings import load

SERVER = python("-m", "course_utils.hub.server")


class UnixUserSpawner(LocalProcessSpawner):
    """Each person their own Unix user, their own view of the machine, and limits."""

    outlives_hub = Bool(
        True, help="A hub that was killed finds the server again when it is back; if not, the server ends with it."
    ).tag(config=True)

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        return limited(load(), pwd.getpwnam(name).pw_uid)

    async def start(self) -> tuple[str, int]:
        settings = load()
        for pid in self._keepers():  # a hub was killed before it could note that it started these
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        command = [*in_group(settings, self.user.name), *as_user(settings, self.user.name, SERVER)]
        # The sandbox ends with the process that has started it. A keeper stays when the hub is killed.
        self.cmd = [*KEEPER, *command] if self.outlives_hub else command
        self.environment = {**self.environment, **environment(settings, self.user.name)}
        return await super().start()

    async def _signal(self, sig: int) -> bool:
        """Not to a stranger who got a process id of before the machine was restarted."""
        if self.proc is None and self.pid not in self._keepers():
            return False
        return await super()._signal(sig)

    def _keepers(self) -> list[int]:
        return [pid for pid, user in keepers(load()) if user == self.user.name]


class OneUserSpawner(SimpleLocalProcessSpawner):
    """The demo without root: every server runs as the one Unix user that started the hub. Nothing is isolated."""

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        enter_home, limit = super().make_preexec_fn(name), limited(load(), os.getuid())

        def prepare() -> None:
            enter_home()
            limit()
            die_with_parent()

        return prepare

    async def start(self) -> tuple[str, int]:
        self.cmd = SERVER
        self.environment = {**self.environment, **environment(load(), self.user.name)}
        return await super().start()
