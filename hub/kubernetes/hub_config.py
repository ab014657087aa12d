"""What the hub does beyond values.yaml: who may come in, and how the instructor's pod differs from a student's.

The chart's own configuration executes this file (README.md tells how it gets there); `c` is what values.yaml says.
"""
# ruff: noqa: F821

import csv
from pathlib import Path

COURSE = "/srv/course"

with Path("/srv/roster/roster.csv").open(newline="", encoding="utf-8-sig") as file:
    students = {row["id"].strip() for row in csv.DictReader(file)}
instructors = {user for role in c.JupyterHub.load_roles if role["name"] == "instructor" for user in role["users"]}

# Another place says who somebody is; only the class comes in, and not who has left it.
c.Authenticator.allowed_users = students | instructors
c.Authenticator.allow_existing_users = False


def make_instructors(spawner, pod):
    """The instructor's pod: the course's folder, the gradebook, and the label that policies let through to both."""
    if spawner.user.name in instructors:
        pod.metadata.labels["course-role"] = "instructor"
        pod.spec.volumes.append({"name": "course", "persistentVolumeClaim": {"claimName": "course"}})
        server = pod.spec.containers[0]
        server.volume_mounts.append({"name": "course", "mountPath": COURSE})
        server.env += [
            {"name": "JUPYTER_CONFIG_PATH", "value": "/opt/course/jupyter/instructor"},
            {"name": "COURSE_FOLDER", "value": COURSE},
            {"name": "COURSE_HANDOUT", "value": ""},
            {"name": "COURSE_GRADEBOOK", "value": "postgresql+psycopg://gradebook@postgres/gradebook"},
            {"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {"name": "postgres", "key": "gradebook"}}},
        ]
    return pod


c.KubeSpawner.modify_pod_hook = make_instructors
