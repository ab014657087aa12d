"""JupyterHub for a class on one machine. Its settings: hub/settings.toml. Nothing here needs to be changed to use it.

As root each person has their own Unix user, server and view of the machine. Without root, for a demo, all servers run
as one Unix user, and nobody is kept from anybody.
"""

import os
import subprocess
import sys
from pathlib import Path

from course_utils.hub.confine import python
from course_utils.hub.people import students
from course_utils.hub.programs import find_proxy, leash
from course_utils.hub.settings import load
from course_utils.hub.spawner import OneUserSpawner, UnixUserSpawner

c = get_config()  # noqa: F821

settings = load()
ROOT = os.geteuid() == 0

# ── Addresses ───────────────────────────────────────────────────────────────────────────────────────────────────
# People reach the proxy alone. Hub, servers and the proxy's own interface listen on the loopback, each behind a token.
c.JupyterHub.bind_url = settings.address
c.JupyterHub.ssl_cert = settings.certificate
c.JupyterHub.ssl_key = settings.key
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{settings.hub_port}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{settings.proxy_port}"
# The proxy, and the service below, end with the hub even if that is killed: a new one finds its ports free.
c.ConfigurableHTTPProxy.command = [*leash("TERM"), find_proxy()]

# ── State ───────────────────────────────────────────────────────────────────────────────────────────────────────
c.JupyterHub.db_url = f"sqlite:///{settings.state}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(settings.state / "cookie_secret")
c.JupyterHub.pid_file = str(settings.state / "hub.pid")
c.ConfigurableHTTPProxy.pid_file = str(settings.state / "proxy.pid")

# ── Servers ─────────────────────────────────────────────────────────────────────────────────────────────────────
c.JupyterHub.spawner_class = UnixUserSpawner if ROOT else OneUserSpawner
c.SimpleLocalProcessSpawner.home_dir_template = f"{settings.homes}/{{username}}"
c.Spawner.default_url = "/lab"
c.Spawner.env_keep = ["LANG", "LC_ALL"]
# How often servers tell that they are in use: often enough for whoever stops those that are not.
ACTIVITY_SECONDS = min(300, settings.idle_minutes * 20)
c.JupyterHub.last_activity_interval = ACTIVITY_SECONDS
c.Spawner.environment = {
    "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    "JUPYTERHUB_ACTIVITY_INTERVAL": str(ACTIVITY_SECONDS),
}
c.Spawner.mem_limit = f"{settings.memory_gb}G"  # shown to the server; it is course_utils.hub.confine that sets it
c.Spawner.http_timeout = 300  # a lecture hall that signs in at once: a start takes three seconds of a core
# By default the hub waits 30 s after its first signal, an interrupt, before it sends the next.
c.LocalProcessSpawner.interrupt_timeout = 1
c.LocalProcessSpawner.term_timeout = 5
c.LocalProcessSpawner.popen_kwargs = {"stdin": subprocess.DEVNULL}  # not the terminal of who started the hub

# ── Who may sign in ─────────────────────────────────────────────────────────────────────────────────────────────
# Passwords are those of Unix accounts, or another place vouches for a name. Only accounts of the class come in.
c.Authenticator.allowed_users = {settings.instructor}


class ClassOnly:
    """Whoever another place vouches for must have an account of the class, be it as new as from a minute ago."""

    def check_allowed(self, username, authentication=None):
        return username == settings.instructor or username in students(settings)


if settings.sign_in == "pam":
    c.JupyterHub.authenticator_class = "pam"
    c.PAMAuthenticator.allowed_groups = {settings.group}
elif settings.sign_in == "shared":
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = os.environ["COURSE_HUB_PASSWORD"]
    c.SharedPasswordAuthenticator.admin_password = os.environ["COURSE_HUB_INSTRUCTOR_PASSWORD"]
    c.Authenticator.admin_users = {settings.instructor}
    c.Authenticator.allowed_users = {settings.instructor, *os.environ["COURSE_HUB_STUDENTS"].split()}
elif settings.sign_in == "oauth":  # pip install oauthenticator
    from oauthenticator.generic import GenericOAuthenticator

    class ClassOAuthenticator(ClassOnly, GenericOAuthenticator):
        pass

    c.JupyterHub.authenticator_class = ClassOAuthenticator
    c.OAuthenticator.client_id = os.environ["OAUTH_CLIENT_ID"]
    c.OAuthenticator.client_secret = os.environ["OAUTH_CLIENT_SECRET"]
    c.OAuthenticator.authorize_url = os.environ["OAUTH_AUTHORIZE_URL"]
    c.OAuthenticator.token_url = os.environ["OAUTH_TOKEN_URL"]
    c.OAuthenticator.userdata_url = os.environ["OAUTH_USERDATA_URL"]
    c.OAuthenticator.username_claim = os.environ.get("OAUTH_USERNAME_CLAIM", "preferred_username")
    callback = f"{settings.address}/hub/oauth_callback"
    c.OAuthenticator.oauth_callback_url = os.environ.get("OAUTH_CALLBACK_URL", callback)
else:  # LTI 1.3, from a learning platform; pip install jupyterhub-ltiauthenticator
    from ltiauthenticator.lti13.auth import LTI13Authenticator

    class ClassLTI13Authenticator(ClassOnly, LTI13Authenticator):
        pass

    c.JupyterHub.authenticator_class = ClassLTI13Authenticator
    c.LTI13Authenticator.client_id = {os.environ["LTI13_CLIENT_ID"]}
    c.LTI13Authenticator.issuer = os.environ["LTI13_ISSUER"]
    c.LTI13Authenticator.authorize_url = os.environ["LTI13_AUTHORIZE_URL"]
    c.LTI13Authenticator.jwks_endpoint = os.environ["LTI13_JWKS_URL"]
    c.LTI13Authenticator.username_key = os.environ.get("LTI13_USERNAME_KEY", "preferred_username")

# ── Who may do what ─────────────────────────────────────────────────────────────────────────────────────────────
# Nobody needs to be the hub's admin. The instructor sees who is here and may restart a stuck server, but not enter it.
c.JupyterHub.load_roles = [
    {
        "name": "instructor",
        "scopes": ["admin-ui", "list:users", "read:users", "servers"],
        "users": [settings.instructor],
    },
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    },
]
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [*leash("TERM"), *python("-m", "jupyterhub_idle_culler", f"--timeout={settings.idle_minutes * 60}")],
    }
]
