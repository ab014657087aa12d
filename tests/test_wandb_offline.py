"""Weights & Biases as the chapter on hyperparameters uses it: silent, offline, and without a connection."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("wandb")

CHAPTER = Path(__file__).resolve().parents[1] / "book/training/hyperparameters.ipynb"
BEFORE = """
import sys, tempfile
from pathlib import Path
from types import SimpleNamespace
folder = SimpleNamespace(name=sys.argv[1])
run = SimpleNamespace(history=SimpleNamespace(val_loss=[1.0, 0.9]))
"""

pytestmark = pytest.mark.slow


def chapter_code():
    cells = nbformat.read(CHAPTER, as_version=4).cells
    [code] = [cell.source for cell in cells if cell.cell_type == "code" and "wandb.init" in cell.source]
    return BEFORE + code


class Listener:
    """A server that counts who knocks, and hangs up."""

    def __enter__(self):
        self.socket, self.knocks = socket.create_server(("127.0.0.1", 0)), 0
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        return self

    def listen(self):
        while True:
            connection, _ = self.socket.accept()
            last = connection.recv(4) == b"stop"
            connection.close()
            if last:
                return
            self.knocks += 1

    def __exit__(self, *error):
        with socket.create_connection(self.socket.getsockname()) as connection:
            connection.sendall(b"stop")
        self.thread.join()
        self.socket.close()


def environment(listener, folder):
    """One in which every way to the network leads to the listener."""
    address = "http://{}:{}".format(*listener.socket.getsockname())
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    proxies = {spelled: address for name in names for spelled in (name, name.lower())}
    kept = {n: v for n, v in os.environ.items() if not n.startswith("WANDB") and n.lower() != "no_proxy"}
    return kept | proxies | {"WANDB_BASE_URL": address, "HOME": str(folder)}


def run(code, folder, prefix=()):
    """The code in a process of its own, and how often it knocked."""
    with Listener() as listener:
        command, where = [*prefix, sys.executable, "-c", code, folder], environment(listener, folder)
        found = subprocess.run(command, env=where, capture_output=True, text=True, timeout=120, cwd=folder, check=False)
    return found, listener.knocks


def test_the_chapters_run_is_kept_silently_and_nobody_is_called(tmp_path):
    found, knocks = run(chapter_code(), tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines() == ["offline; the run is in a file .wandb"]
    assert found.stderr == ""
    assert knocks == 0


def test_the_listener_would_have_noticed(tmp_path):
    code = chapter_code().replace('mode="offline"', 'mode="online"')
    assert 'mode="online"' in code
    with Listener() as listener:
        where = environment(listener, tmp_path) | {"WANDB_API_KEY": 40 * "a"}
        command, silent = [sys.executable, "-c", code, tmp_path], subprocess.DEVNULL
        with subprocess.Popen(
            command, env=where, stdout=silent, stderr=silent, cwd=tmp_path, start_new_session=True
        ) as caller:
            for _ in range(600):
                if listener.knocks or caller.poll() is not None:
                    break
                time.sleep(0.1)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(caller.pid, signal.SIGKILL)  # it would go on trying for minutes
    assert listener.knocks > 0


def test_it_works_where_there_is_no_network_at_all(tmp_path):
    prefix = ["unshare", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a network namespace")
    found, _ = run(chapter_code(), tmp_path, prefix)
    assert found.returncode == 0, found.stderr
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
