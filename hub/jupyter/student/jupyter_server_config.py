"""A student's server; jupyter_server_config.d/ takes formgrader and the course list away."""

c = get_config()  # noqa: F821

# All servers share the loopback: what goes between a server and its kernels is encrypted.
c.KernelManager.transport_encryption = "auto"
# A login shell would begin with the machine's own PATH, without the course's commands.
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}
