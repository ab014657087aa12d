"""What the course adds to a student's Jupyter server: *Validate* that is honest, and *Submit* that says why not.

It loads nbgrader's assignment list itself, so that this comes after it.
"""

import asyncio
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions import assignment_list
from nbgrader.server_extensions.assignment_list.handlers import AssignmentList
from tornado import web

from course_utils.grading.sandbox.confine import Limits
from course_utils.hub.confine import python


class Validate(JupyterHandler):
    """Runs the notebook in a process of its own: the server, and the student's kernels, go on meanwhile."""

    @web.authenticated
    async def post(self) -> None:
        root = Path(self.settings["root_dir"]).resolve()
        path = (root / self.get_json_body()["path"]).resolve()
        if not path.is_relative_to(root):
            raise web.HTTPError(403, "This is outside of the course's folder.")
        process = await asyncio.create_subprocess_exec(
            *python("-m", "course_utils.hub.validate", str(path)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            said, errors = await asyncio.wait_for(process.communicate(), Limits.total_seconds)
        except TimeoutError:
            process.kill()
            raise web.HTTPError(500, f"The notebook ran longer than {Limits.total_seconds:.0f} s.") from None
        if process.returncode:
            self.log.error(errors.decode(errors="replace"))
            raise web.HTTPError(500, errors.decode(errors="replace").strip().rpartition("\n")[2])
        self.finish(said)


class Reasons(AssignmentList):
    """nbgrader's, but a student reads why something could not be done, and not where in nbgrader."""

    def submit_assignment(self, course_id: str, assignment_id: str) -> dict[str, Any]:
        answer = super().submit_assignment(course_id, assignment_id)
        if not answer["success"]:
            answer["value"] = reason(answer["value"])
        return answer


def reason(traceback: str) -> str:
    """The message of nbgrader's own error, or the whole traceback of one that nobody has thought of."""
    return traceback.rpartition("ExchangeError: ")[2].strip()


def _load_jupyter_server_extension(app: ServerApp) -> None:
    assignment_list.load_jupyter_server_extension(app)
    manager = Reasons(parent=app)
    manager.root_dir = app.root_dir
    app.web_app.settings["assignment_list_manager"] = manager
    app.web_app.settings["root_dir"] = app.root_dir
    address = url_path_join(app.web_app.settings["base_url"], "course/validate")
    app.web_app.add_handlers(".*$", [(address, Validate)])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "course_utils.hub.extension"}]
