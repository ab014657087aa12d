"""What several tests need from outside pip: a browser, and a server for the built book."""

import http.server
import os
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

collect_ignore = ["hub/probe.py", "wrong_answers"]

ASSIGNMENTS = "tests/assignments/test_assignments.py"
HTML = Path(__file__).resolve().parents[1] / "_build/html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class ByAssignment(LoadFileScheduling):
    """A worker runs a file's tests together; those of the assignments, the longest, one assignment's."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        return file + test.partition("[")[2] if file == ASSIGNMENTS else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return ByAssignment(config, log) if config.getvalue("dist") == "loadfile" else None


def missing(what: str, remedy: str) -> None:
    """Skip the test, saying what to install; under CI=true a missing tool is a failure."""
    message = f"{what} is not installed: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium, as Playwright drives it."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    if path is None:
        missing("Chromium", "apt install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield chromium
        chromium.close()


def pytest_terminal_summary(terminalreporter):
    """Print the figures that tests have noted with `record_property`, so that they are seen, not claimed."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    figures = [figure for report in reports for figure in getattr(report, "user_properties", ())]
    if figures:
        terminalreporter.section("figures")
    for name, value in sorted(dict(figures).items()):
        terminalreporter.write_line(f"{name}: {value}")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """A test server does not write to the terminal."""


@contextmanager
def serve(folder: Path):
    """The address of a server for `folder`, on the loopback interface only."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def book_url():
    """The address of the built book."""
    assert (HTML / "index.html").is_file(), "build the book first: make book"
    with serve(HTML) as address:
        yield address


class Visit:
    """One page opened afresh; it keeps the complaints of the console and every request beyond the server."""

    def __init__(self, browser, book_url, path, size="desktop", theme="light", query=""):
        self.context = browser.new_context(viewport=SIZES[size], color_scheme=theme, reduced_motion="reduce")
        self.page = self.context.new_page()
        self.complaints, self.foreign = [], []
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda r: self.complaints.append(f"failed: {r.url}"))
        self.page.on("request", self._note)
        self.book_url = book_url
        self.page.goto(f"{book_url}/{path}.html" + (f"?{query}" if query else ""))
        self.page.wait_for_load_state("networkidle")

    def _note(self, request):
        if not request.url.startswith((self.book_url, "data:", "blob:")):
            self.foreign.append(request.url)


@pytest.fixture
def visit(browser, book_url):
    visits = []

    def open_page(path, **options):
        visits.append(Visit(browser, book_url, path, **options))
        return visits[-1]

    yield open_page
    for each in visits:
        each.context.close()
