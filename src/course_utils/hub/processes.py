"""Which processes of a class are running: the hub, people's servers."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from course_utils.hub.settings import HubError, Settings


def require_stopped(settings: Settings) -> None:
    """Refuse what must not happen while somebody could hand in."""
    if hub_runs(settings):
        raise HubError("The hub is running: stop it first, so that nothing is handed in meanwhile.")
    if users := sorted({user for _, user in keepers(settings)}):
        raise HubError(
            f"The hub was killed, and servers are still running ({', '.join(users)}). Start it again, so that it finds "
            "them, and stop it: they stop with it."
        )


def hub_runs(settings: Settings) -> bool:
    """Whether the process that the hub noted is alive, and a hub: after a power cut the number may be a stranger's."""
    try:
        command = Path("/proc", str(int((settings.state / "hub.pid").read_text())), "cmdline").read_bytes()
    except (OSError, ValueError):
        return False
    return "jupyterhub" in {Path(word).name for word in os.fsdecode(command).split("\0")}


def keepers(settings: Settings) -> Iterator[tuple[int, str]]:
    """The hub's own processes that hold people's servers in this class, whichever hub has started them, and whose."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid != os.geteuid():
                continue
            words = (process / "environ").read_bytes().split(b"\0")
            variables = dict(word.split("=", 1) for word in map(os.fsdecode, words) if "=" in word)
            if "JUPYTERHUB_USER" in variables and variables.get("COURSE_EXCHANGE") == str(settings.exchange):
                yield int(process.name), variables["JUPYTERHUB_USER"]


def end_processes(uid: int) -> None:
    """End whatever still runs as a Unix user, one by one."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if entry.stat().st_uid == uid:
                os.kill(int(entry.name), signal.SIGKILL)
