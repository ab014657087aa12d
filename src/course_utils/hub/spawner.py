"""How the hub starts a person's server: as their own Unix user, or, without root, side by side in one."""

import os
import pwd
from collections.abc import Callable

from jupyterhub.spawner import LocalProcessSpawner, SimpleLocalProcessSpawner

from course_utils.hub.confine import as_user, environment, limited, python
from course_utils.hub.settings import load

SERVER = python("-m", "course_utils.hub.server")


class UnixUserSpawner(LocalProcessSpawner):
    """Each person their own Unix user, their own view of the machine, and limits."""

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        return limited(load(), pwd.getpwnam(name).pw_uid)

    async def start(self) -> tuple[str, int]:
        settings = load()
        self.cmd = as_user(settings, self.user.name, SERVER)
        self.environment = {**self.environment, **environment(settings, self.user.name)}
        return await super().start()


class OneUserSpawner(SimpleLocalProcessSpawner):
    """The demo without root: every server runs as the one Unix user that started the hub. Nothing is isolated."""

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        enter_home, limit = super().make_preexec_fn(name), limited(load(), os.getuid())

        def prepare() -> None:
            enter_home()
            limit()

        return prepare

    async def start(self) -> tuple[str, int]:
        self.cmd = SERVER
        self.environment = {**self.environment, **environment(load(), self.user.name)}
        return await super().start()
