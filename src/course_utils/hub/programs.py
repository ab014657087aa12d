"""The programs beside the hub: where its proxy is, a Node program, and how none outlives what started it."""

import shutil
import sys
from pathlib import Path

from course_utils.hub.settings import HubError

NAME = "configurable-http-proxy"


def find_proxy() -> str:
    """The proxy that `make hub` has installed beside this environment, or the one in the PATH."""
    ours = Path(sys.prefix) / "hub/node_modules/.bin" / NAME
    found = str(ours) if ours.exists() else shutil.which(NAME)
    if found is None or shutil.which("node") is None:
        raise HubError(
            "JupyterHub's proxy is not installed. It needs Node 18 or newer (apt install nodejs npm); then "
            f"`make hub` installs it, or: npm install --global {NAME}"
        )
    return found


def leash(name: str) -> list[str]:
    """What makes a process get a signal when the one that started it ends (Linux)."""
    return ["setpriv", "--pdeathsig", name, "--"] if shutil.which("setpriv") else []
