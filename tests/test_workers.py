"""The line that says how far it is."""

import socket
import ssl

import pytest

from course_utils.workers import Progress, WorkersError, _client, runner, tell


def test_the_line_says_what_is_done_and_what_is_under_way():
    progress = Progress(40, 10, "submissions")
    progress.state("ann", "3/22")
    progress.state("bob", "1/22")
    progress.state("ann", "4/22")
    progress.add(1)
    progress.state("bob", "")
    progress.state("bob", "2/22")  # news that comes late
    line = progress.line()
    assert "11 of 40 submissions" in line
    assert line.endswith("ann 4/22")


def test_jobs_tell_only_who_listens(tmp_path):
    told = []

    def job(n):
        tell("job", str(n))
        return 2 * n

    with runner(tmp_path, 2, 1, None, "hub", listen=lambda *news: told.append(news)) as do:
        assert [ask() for _, ask in do(job, [1, 2])] == [2, 4]
    job(3)
    assert told == [("job", "1"), ("job", "2")]


def test_no_workers_are_refused(tmp_path):
    with pytest.raises(WorkersError, match="at least 1"), runner(tmp_path, 2, 0, None, "hub"):
        pass


@pytest.mark.slow
def test_nobody_else_on_this_machine_can_join_in(tmp_path):
    """Whoever reaches a scheduler can run code as who has started it: it asks for a certificate of this run."""
    with _client(tmp_path, 1, None, "jets") as client:
        assert client.submit(abs, -3).result() == 3
        scheme, _, place = client.scheduler.address.partition("://")
        assert scheme == "tls"
        anyone = ssl.create_default_context()
        anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
        host, port = place.split(":")
        with (
            socket.create_connection((host, int(port)), timeout=10) as plain,
            anyone.wrap_socket(plain) as joined,
            pytest.raises(ssl.SSLError, match="certificate required"),
        ):
            joined.recv(1)
