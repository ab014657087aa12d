"""What a worker does: it gets one submission's cells and files, and nothing else, and gives back what they did.

It imports no part of nbgrader: a worker starts in a moment, and knows no gradebook.
"""

import atexit
import sys
from dataclasses import asdict
from typing import Any

from course_utils.grading.execute import Cell, execute
from course_utils.grading.sandbox.confine import Limits
from course_utils.grading.sandbox.launch import Sandbox
from course_utils.workers import tell

ALWAYS = ("numpy", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "course_utils.checks")

_servers: dict[tuple[tuple[str, ...], bool], Sandbox] = {}  #: this process's fork server; one at a time


def sandbox(modules: tuple[str, ...], confined: bool = True) -> Sandbox:
    """This process's fork server with `modules` imported; it ends with the process, or when another is asked for."""
    if (modules, confined) not in _servers:
        close_sandbox()
        server = Sandbox(modules, confined)
        if server.threads > 1:  # a fork would copy the locks of threads that it does not have
            server.close()
            print(f"Importing {', '.join(modules)} starts threads: each submission imports anew.", file=sys.stderr)
            server = Sandbox(ALWAYS, confined)
        _servers[modules, confined] = server
    return _servers[modules, confined]


@atexit.register
def close_sandbox() -> None:
    while _servers:
        _servers.popitem()[1].close()


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Execute one sanitized submission; everything it needs is in `job`, and the answer is JSON too."""
    cells = [Cell(*cell) for cell in job["cells"]]

    def watch(k: int) -> None:
        tell(job["student"], f"{k + 1}/{len(cells)}")

    try:
        server = sandbox(tuple(job["modules"]), job["confined"])
        done = execute(server, cells, job["files"], Limits(**job["limits"]), job["seed"], watch)
    except Exception:
        close_sandbox()  # whatever is wrong with it, the next submission gets a new one
        raise
    return asdict(done)
