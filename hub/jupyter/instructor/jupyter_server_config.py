"""The instructor's server."""

from nbgrader.server_extensions.formgrader.handlers import SubmissionFilesHandler

c = get_config()  # noqa: F821

# Formgrader's panel is a frame of this same server, which JupyterHub forbids otherwise. Others have no page here.
c.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
# Formgrader hands out students' files as they are: what one opens must not act as the instructor.
SubmissionFilesHandler.set_extra_headers = lambda self, path: self.set_header("Content-Security-Policy", "sandbox")
# Reports of `course grade` are in .grading/.
c.ContentsManager.allow_hidden = True
# All servers share the loopback: what goes between a server and its kernels is encrypted.
c.KernelManager.transport_encryption = "auto"
# A login shell would begin with the machine's own PATH, without the course's commands.
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}
