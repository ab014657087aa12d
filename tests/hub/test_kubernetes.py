"""The class on Kubernetes, as far as it can be judged without one: what its files promise, and that they agree."""

import fnmatch
import re
import subprocess
import tomllib
from importlib.metadata import requires
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from traitlets.config import Config, PyFileConfigLoader

from course_utils.hub.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "hub/kubernetes"
VALUES = yaml.safe_load((HERE / "values.yaml").read_text())
OBJECTS = [
    item
    for path in sorted(HERE.glob("*.yaml"))
    if path.name != "values.yaml"
    for item in yaml.safe_load_all(path.read_text())
]
POLICIES = [item for item in OBJECTS if item["kind"] == "NetworkPolicy"]
PODS = {
    item["metadata"]["name"]: item["spec"]["template"]
    for item in OBJECTS
    if item["kind"] in ("Deployment", "StatefulSet")
}
CONTAINERS = {name: pod["spec"]["containers"][0] for name, pod in PODS.items()}
#: course-role of every kind of pod, and the ports it listens on; those of the charts' pods are in values.yaml
ROLES = {
    pod["metadata"]["labels"]["course-role"]: {port["containerPort"] for port in CONTAINERS[name]["ports"]}
    for name, pod in PODS.items()
} | {
    VALUES["hub"]["labels"]["course-role"]: {8081},
    VALUES["singleuser"]["extraLabels"]["course-role"]: {8888},
    "instructor": {8888},  # hub_config.py gives it
}


def find(tree, key):
    """What stands under a key, wherever in a tree."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from find(value, key)
    elif isinstance(tree, list):
        for item in tree:
            yield from find(item, key)


def docker(instruction):
    """What the Dockerfile says after an instruction, line by line."""
    text = (HERE / "Dockerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^{instruction} +(.+)$", text, re.MULTILINE)


# ── Pods ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_bounded_and_has_no_privilege(name):
    spec, container = PODS[name]["spec"], CONTAINERS[name]
    assert len(spec["containers"]) == 1 and "initContainers" not in spec
    for bound in ("requests", "limits"):
        assert container["resources"][bound].keys() == {"cpu", "memory"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] != 0
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    profile = "Unconfined" if name == "worker" else "RuntimeDefault"
    assert spec["securityContext"]["seccompProfile"] == {"type": profile}


def test_workers_alone_may_make_a_sandbox():
    for name, pod in PODS.items():
        assert (pod["spec"].get("hostUsers") is False) == (name == "worker")
        assert (CONTAINERS[name]["securityContext"].get("procMount") == "Unmasked") == (name == "worker")
        assert ("appArmorProfile" in pod["spec"]["securityContext"]) == (name == "worker")


def test_workers_know_no_secret():
    graders = [item for item in OBJECTS if item["metadata"].get("namespace") == "graders"]
    assert {"scheduler", "worker"} <= {item["metadata"]["name"] for item in graders}
    for kind in ("secretKeyRef", "envFrom", "configMap", "persistentVolumeClaim", "secret"):
        assert not list(find(graders, kind))


@pytest.mark.parametrize(
    "part", ["hub", "proxy.chp", "proxy.traefik", "proxy.secretSync", "prePuller"], ids=lambda part: part
)
def test_the_chart_s_pods_are_bounded(part):
    values = VALUES
    for key in part.split("."):
        values = values[key]
    assert values["resources"]["requests"].keys() == values["resources"]["limits"].keys() == {"cpu", "memory"}


def test_a_person_s_server_is_bounded_and_has_no_privilege():
    server, spawner = VALUES["singleuser"], VALUES["hub"]["config"]["KubeSpawner"]
    for kind in ("cpu", "memory"):
        assert server[kind].keys() == {"guarantee", "limit"}
    assert (server["uid"], server["allowPrivilegeEscalation"]) == (1000, False)
    assert spawner["pod_security_context"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert spawner["container_security_context"] == {"capabilities": {"drop": ["ALL"]}}
    assert server["cloudMetadata"] == {"blockWithIptables": False}  # the way with a privileged container
    assert server["storage"]["type"] == "dynamic"


def test_the_gpu_is_a_choice_and_bounded():
    cpu, gpu = VALUES["singleuser"]["profileList"]
    assert cpu["default"] and "kubespawner_override" not in cpu
    changes = gpu["kubespawner_override"]
    assert changes["extra_resource_limits"] == {"nvidia.com/gpu": "1"}
    assert {"cpu_guarantee", "cpu_limit", "mem_guarantee", "mem_limit"} <= changes.keys()


def test_threads_are_as_many_as_cores():
    server = VALUES["singleuser"]
    assert set(server["extraEnv"].values()) == {str(server["cpu"]["limit"])}


def test_images_are_pinned_and_one():
    server = VALUES["singleuser"]["image"]
    ours = f"{server['name']}:{server['tag']}"
    images = {container["image"] for container in CONTAINERS.values()} | {
        image for image in find(VALUES["singleuser"]["profileList"], "image")
    }
    for image in images:
        assert re.search(r":\d+(\.\d+)+(-\w+)?$|@sha256:[0-9a-f]{64}$", image), image
    assert {image for image in images if not image.startswith("postgres:")} == {ours, f"{ours}-gpu"}


# ── Who reaches whom ────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_allowed_by_default():
    spaces = {item["metadata"]["name"] for item in OBJECTS if item["kind"] == "Namespace"}
    closed = {item["metadata"]["namespace"] for item in POLICIES if item["spec"]["podSelector"] == {}}
    assert spaces == closed == {"course", "graders"}
    for item in POLICIES:
        if item["spec"]["podSelector"] == {}:
            assert item["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_policies_name_pods_and_ports_that_exist():
    services = {item["metadata"]["name"]: item["spec"] for item in OBJECTS if item["kind"] == "Service"}
    for policy in [
        *POLICIES,
        {"spec": VALUES["hub"]["networkPolicy"]},
        {"spec": VALUES["singleuser"]["networkPolicy"]},
    ]:
        peers = [peer for side in ("from", "to") for peers in find(policy, side) for peer in peers]
        assert all(selector.get("matchLabels") for peer in peers for selector in peer.values())  # {} is everybody
        for labels in find(policy, "matchLabels"):
            assert labels.get("course-role", "hub") in ROLES
            assert labels.get("kubernetes.io/metadata.name", "course") in ("course", "graders", "kube-system")
        for rule in policy["spec"].get("egress", []):
            ports = {port["port"] for port in rule["ports"]}
            to = {role for role in find(rule["to"], "course-role")}
            assert all(ports <= ROLES[role] for role in to) if to else ports == {53}
    for name, service in services.items():
        assert {port["port"] for port in service["ports"]} <= ROLES[service["selector"]["course-role"]], name


def ways():
    """All that policies open, as (from, to, port), where each side allows it."""
    out, into = set(), set()
    for policy in POLICIES:
        for me in find(policy["spec"]["podSelector"], "course-role"):
            for rule in policy["spec"].get("egress", []):
                out |= {(me, role, port["port"]) for role in find(rule["to"], "course-role") for port in rule["ports"]}
            for rule in policy["spec"].get("ingress", []):
                into |= {
                    (role, me, port["port"]) for role in find(rule["from"], "course-role") for port in rule["ports"]
                }
    student = VALUES["singleuser"]["extraLabels"]["course-role"]
    for rule in VALUES["singleuser"]["networkPolicy"]["egress"]:
        out |= {
            (me, role, port["port"])
            for me in (student, "instructor")  # the chart's policy is for both
            for role in find(rule["to"], "course-role")
            for port in rule["ports"]
        }
    out |= {("hub", role, port) for role, ports in ROLES.items() for port in ports}  # it needs the cluster's API
    for rule in VALUES["hub"]["networkPolicy"]["ingress"]:
        into |= {(role, "hub", port["port"]) for role in find(rule["from"], "course-role") for port in rule["ports"]}
    return out & into


def test_each_reaches_what_it_needs_and_nothing_else():
    assert ways() == {
        ("student", "exchange", 8080),
        ("instructor", "exchange", 8080),
        ("instructor", "database", 5432),
        ("instructor", "scheduler", 8786),
        ("hub", "database", 5432),
        ("exchange", "hub", 8081),
        ("worker", "scheduler", 8786),
        ("scheduler", "worker", 8788),
    }


def test_a_student_s_server_has_no_way_out_but_dns():
    rules = VALUES["singleuser"]["networkPolicy"]["egressAllowRules"]
    assert [name for name, allowed in rules.items() if allowed] == ["dnsPortsKubeSystemNamespace"]
    assert rules.keys() >= {"cloudMetadataServer", "nonPrivateIPs", "privateIPs", "dnsPortsPrivateIPs"}


def test_no_secret_is_in_the_files():
    for path in HERE.glob("*.yaml"):
        text = path.read_text()
        assert "kind: Secret" not in text
        assert not re.search(r"://[^/\s]*:[^/\s]*@", text)  # a password in an address
    for tree in (VALUES, OBJECTS):
        for key in ("password", "apiToken", "secretToken", "client_secret", "cookieSecret", "hub_api_token"):
            assert not list(find(tree, key))
    variables = [entry for container in CONTAINERS.values() for entry in container.get("env", [])]
    variables += [{"name": name, **value} for name, value in VALUES["hub"]["extraEnv"].items()]
    secret = [entry for entry in variables if re.search("(?i)pass|secret|token|client", entry["name"])]
    assert len(secret) >= 6
    assert all(entry.get("value", "") == "" for entry in secret)


def test_everybody_needs_a_password_of_their_own():
    assert VALUES["hub"]["config"]["JupyterHub"]["authenticator_class"] in ("generic-oauth", "lti13")


# ── The hub ─────────────────────────────────────────────────────────────────────────────────────────────────────


def hub_config(tmp_path, roster="id,first_name,last_name,email\nann,Ann,Adams,\n"):
    """hub_config.py, executed as the chart does it: after the roles of values.yaml."""
    (tmp_path / "roster.csv").write_text(roster)
    roles = [{"name": name, **role} for name, role in VALUES["hub"]["loadRoles"].items()]
    c = Config(JupyterHub={"load_roles": roles})
    code = (HERE / "hub_config.py").read_text().replace("/srv/roster", str(tmp_path))
    exec(compile(code, "hub_config.py", "exec"), {"c": c})
    return c


def test_the_roster_is_mounted_where_the_hub_reads_it():
    mount = VALUES["hub"]["extraVolumeMounts"][0]
    assert f'"{mount["mountPath"]}/roster.csv"' in (HERE / "hub_config.py").read_text()
    assert mount["name"] == VALUES["hub"]["extraVolumes"][0]["name"]


def test_only_the_class_comes_in(tmp_path):
    c = hub_config(tmp_path, "\ufeffid,first_name,last_name,email\n ann ,Ann,Adams,\nbob,Bob,Brown,b@example.org\n")
    assert c.Authenticator.allowed_users == {"ann", "bob", "instructor"}
    assert c.Authenticator.allow_existing_users is False
    assert "admin_users" not in c.Authenticator and "allow_all" not in c.Authenticator


def a_pod():
    server = SimpleNamespace(env=[], volume_mounts=[])
    return SimpleNamespace(
        metadata=SimpleNamespace(labels=dict(VALUES["singleuser"]["extraLabels"])),
        spec=SimpleNamespace(volumes=[], containers=[server]),
    )


@pytest.mark.parametrize(("user", "role"), [("ann", "student"), ("instructor", "instructor")])
def test_the_instructor_s_pod_alone_has_the_course(tmp_path, user, role):
    spawner = SimpleNamespace(user=SimpleNamespace(name=user))
    pod = hub_config(tmp_path).KubeSpawner.modify_pod_hook(spawner, a_pod())
    server = pod.spec.containers[0]
    assert pod.metadata.labels["course-role"] == role
    for given in (pod.spec.volumes, server.env, server.volume_mounts):
        assert bool(given) == (role == "instructor")
    if role == "instructor":
        claims = {item["metadata"]["name"] for item in OBJECTS if item["kind"] == "PersistentVolumeClaim"}
        assert set(find(pod.spec.volumes, "claimName")) <= claims


def test_secrets_are_the_same_everywhere(tmp_path):
    """Names and keys of the Secrets that pods ask for are those that the read-me makes."""
    spawner = SimpleNamespace(user=SimpleNamespace(name="instructor"))
    pod = hub_config(tmp_path).KubeSpawner.modify_pod_hook(spawner, a_pod())
    asked = {
        (reference["name"], reference["key"])
        for tree in (OBJECTS, VALUES, pod.spec.containers[0].env)
        for reference in find(tree, "secretKeyRef")
    }
    told = (HERE / "README.md").read_text().replace("\\\n", " ")
    made = {
        (name, key)
        for name, rest in re.findall(r"create secret generic (\S+)(.*)", told)
        for key in re.findall(r"--from-literal=([\w-]+)=", rest)
    }
    assert asked == made


def test_roles_are_those_of_the_class_on_one_machine(tmp_path, monkeypatch):
    (tmp_path / "settings.toml").write_text(f'folder = "{tmp_path}"\nhomes = "{tmp_path}"\n')
    monkeypatch.setenv("COURSE_HUB_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setattr("course_utils.hub.programs.find_proxy", lambda: "proxy")
    one = PyFileConfigLoader("jupyterhub_config.py", path=str(ROOT / "hub")).load_config()
    [theirs] = [role for role in one.JupyterHub.load_roles if role["name"] == "instructor"]
    ours = {"name": "instructor", **VALUES["hub"]["loadRoles"]["instructor"]}
    assert ours == theirs
    assert VALUES["hub"]["loadRoles"].keys() == {"instructor"}
    assert VALUES["cull"]["timeout"] == 60 * Settings(tmp_path, tmp_path).idle_minutes
    command = CONTAINERS["ngshare"]["command"]
    assert command[command.index("--admins") + 1 :] == ours["users"]


# ── The image ───────────────────────────────────────────────────────────────────────────────────────────────────


def installs():
    """The commands of the Dockerfile that install packages: what is locked, and the exchange."""
    commands = [command.strip() for run in docker("RUN") for command in run.split("&&")]
    return [command for command in commands if "pip install" in command]


def test_the_image_installs_what_make_does_at_its_versions():
    locked, client, exchange = installs()
    extras = re.search(r"-c requirements\.txt '\.\[([\w,]+)\]'$", locked).group(1).split(",")
    made = re.search(r"call install,(book\$\(comma\).*),", (ROOT / "Makefile").read_text()).group(1).split("$(comma)")
    assert set(extras) == set(made) - {"book", "test"}  # to render pages, and to test
    pin = re.fullmatch(r"pip install --no-cache-dir --no-deps (ngshare-exchange==[\d.]+)", client).group(1)
    assert f"--no-deps {pin}\n" in (ROOT / "Makefile").read_text()
    assert exchange.endswith("--no-deps --target /opt/ngshare -r ngshare.txt")
    assert {"name": "PYTHONPATH", "value": "/opt/ngshare"} in CONTAINERS["ngshare"]["env"]
    for line in (HERE / "ngshare.txt").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[\w-]+==[\d.]+", line)


def test_nothing_in_the_image_is_unpinned():
    locked, *_ = installs()
    extras = set(re.search(r"'\.\[([\w,]+)\]'", locked).group(1).split(","))
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting = [Requirement(line) for extra in extras for line in optional["optional-dependencies"][extra]]
    waiting += [Requirement(line) for line in optional["dependencies"]]
    pinned = {
        canonicalize_name(line.partition("==")[0])
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line
    }
    seen = set()
    while waiting:
        requirement = waiting.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        assert canonicalize_name(requirement.name) in pinned, requirement
        for line in requires(requirement.name) or ():
            needed = Requirement(line)
            extras_asked = requirement.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras_asked):
                waiting.append(needed)
    assert len(seen) > 100


def test_the_image_is_for_an_ordinary_user_and_pinned():
    [base] = docker("FROM")
    assert re.fullmatch(r"python:3\.1[123]\.\d+-slim-\w+", base)
    assert docker("USER") == ["1000:1000"]
    assert VALUES["singleuser"]["uid"] == 1000
    assert VALUES["singleuser"]["cmd"] == yaml.safe_load(docker("CMD")[0])


def reaches_the_image(path: str) -> bool:
    """Whether the last line of Dockerfile.dockerignore that matches a path, or a folder it is in, lets it through."""
    allowed = True
    parts = path.split("/")
    for line in (HERE / "Dockerfile.dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line.startswith("#") or not line:
            continue
        depth = pattern.count("/") + 1
        if pattern.startswith("**/"):
            matches = any(fnmatch.fnmatch(part, pattern[3:]) for part in parts)
        else:
            matches = len(parts) >= depth and all(
                fnmatch.fnmatch(part, piece) for part, piece in zip(parts, pattern.split("/"), strict=False)
            )
        if matches:
            allowed = line.startswith("!")
    return allowed


def test_no_solution_reaches_the_image():
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    paths = [path for path in tracked.stdout.splitlines() if reaches_the_image(path)]
    assert "src/course_utils/grading/worker.py" in paths and "book/foundations/perceptron.ipynb" in paths
    assert not [
        path for path in paths if path.endswith("scoring.py") and not path.startswith("src/course_utils/grading/")
    ]
    for path in paths:
        assert not path.startswith(("solutions/", "tests/", "exercises/", "benchmarks/", ".")), path
        if path.endswith(".ipynb"):
            assert "BEGIN HIDDEN TESTS" not in (ROOT / path).read_text(), path


def test_all_that_the_image_wants_reaches_it():
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    paths = [path for path in tracked.stdout.splitlines() if reaches_the_image(path)]
    for source in [source for line in docker("COPY") for source in line.split()[:-1]]:
        assert [path for path in paths if path == source or path.startswith(f"{source}/")], source
