"""A server that nobody uses is stopped; who works goes on."""

import time

import pytest

from tests.hub.classroom import real_class

pytestmark = pytest.mark.slow


def test_only_the_idle_server_is_stopped(tmp_path):
    with real_class(tmp_path, "idle", students=2, idle_minutes=1) as one:
        ann, bob = one.students.values()
        ann.sign_in()
        bob.sign_in()
        deadline = time.monotonic() + 300
        while one.processes(ann.user):
            assert time.monotonic() < deadline
            bob.get(f"/user/{bob.user}/api/contents")
            time.sleep(5)
        assert not ann.has_server()
        assert bob.has_server()
        assert one.server(bob.user).is_running()
