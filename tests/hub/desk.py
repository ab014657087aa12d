"""A person of the class at a browser: what they click and read."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

PATIENCE = 90_000  #: milliseconds: a first start on a busy machine
NAME = "perceptron"


class Desk:
    def __init__(self, browser: Browser, address: str, user: str, password: str) -> None:
        self.address, self.user = address, user
        self.context = browser.new_context(viewport={"width": 1400, "height": 900})
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.refused: list[str] = []
        self.page.on("response", self.note)
        self.sign_in(password)

    def note(self, response) -> None:
        if response.status >= 400:
            self.refused.append(f"{response.status} {response.request.method} {response.url}")

    def sign_in(self, password: str) -> None:
        self.page.goto(self.address)
        self.page.fill("#username_input", self.user)
        self.page.fill("#password_input", password)
        self.page.click("#login_submit")

    @property
    def server(self) -> str:
        return f"{self.address}/user/{self.user}"

    @property
    def panel(self) -> Locator:
        """The panel of JupyterLab that is in front."""
        return self.page.locator(".jp-MainAreaWidget:visible").last

    def wait_for_lab(self) -> None:
        self.page.locator("#jp-main-dock-panel").wait_for()

    def nbgrader_menu(self) -> list[str]:
        self.page.get_by_role("menuitem", name="Nbgrader", exact=True).click()
        self.page.get_by_role("menuitem", name="Assignment List", exact=True).wait_for()
        entries = self.page.locator(".lm-Menu .lm-Menu-itemLabel").all_inner_texts()
        self.page.keyboard.press("Escape")
        return list(filter(None, entries))

    def open_from_menu(self, entry: str) -> None:
        self.page.goto(f"{self.server}/lab?reset")
        self.wait_for_lab()
        self.page.get_by_role("menuitem", name="Nbgrader", exact=True).click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    # ── A student ───────────────────────────────────────────────────────────────────────────────────────────

    def fetch(self) -> None:
        self.open_from_menu("Assignment List")
        self.panel.get_by_role("button", name="Fetch", exact=True).click()
        expect(self.panel.get_by_role("button", name="Submit", exact=True)).to_be_visible(timeout=PATIENCE)
        # nbgrader's own, which does not know of hidden tests.
        expect(self.panel.get_by_role("button", name="Validate", exact=True)).to_be_hidden()

    def open_notebook(self, path: str) -> None:
        self.page.goto(f"{self.server}/lab/tree/{path}?reset")
        self.page.locator(".jp-CodeCell").first.wait_for()
        # Whoever runs a cell before the kernel is there is asked which kernel to take.
        self.page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()

    def answer(self, marker: str, source: str) -> None:
        """Write the code of the cell that has `marker` in it, and save."""
        cell = self.page.locator(".jp-CodeCell").filter(has_text=marker).first
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)
        with self.page.expect_response(lambda r: "/api/contents/" in r.url and r.request.method == "PUT") as saved:
            self.page.keyboard.press("Control+S")
        assert saved.value.ok

    def read_dialog(self, title: str) -> str:
        dialog = self.page.locator(".jp-Dialog").filter(has_text=title)
        dialog.wait_for()
        said = dialog.inner_text()
        dialog.get_by_role("button").last.click()
        return said

    def validate(self) -> str:
        self.page.get_by_role("button", name="Validate").click()
        return self.read_dialog("Validation Results")

    def submit(self) -> list[str]:
        """Hand in; gives the receipts of all that was."""
        self.open_from_menu("Assignment List")
        with self.page.expect_response(lambda r: "assignments/submit" in r.url) as answer:
            self.panel.get_by_role("button", name="Submit", exact=True).click()
        assert answer.value.json()["success"]
        self.open_from_menu("Assignment List")
        receipts = self.panel.locator("#submitted_assignments_list .nested_list_item")
        receipts.first.wait_for()
        return receipts.all_inner_texts()

    def submit_in_vain(self) -> str:
        """Submit what is refused; gives the reason that is shown."""
        self.open_from_menu("Assignment List")
        self.panel.get_by_role("button", name="Submit", exact=True).click()
        return self.read_dialog("Invalid Submission")

    def read_feedback(self) -> str:
        """The feedback for what was handed in last."""
        self.open_from_menu("Assignment List")
        with self.page.expect_response(lambda r: "assignments/fetch_feedback" in r.url):
            self.panel.get_by_role("button", name="Fetch Feedback").click()
        self.panel.get_by_text("(view feedback)").first.wait_for()
        self.page.goto(f"{self.server}/api/contents/{NAME}/feedback?content=1")
        folder = max(self.page.evaluate("() => JSON.parse(document.body.innerText).content.map((each) => each.path)"))
        self.page.goto(f"{self.server}/files/{folder}/{NAME}.html")
        return self.page.locator("body").inner_text()

    # ── The instructor ──────────────────────────────────────────────────────────────────────────────────────

    def formgrader(self) -> FrameLocator:
        self.open_from_menu("Formgrader")
        return self.page.frame_locator(".jp-MainAreaWidget:visible iframe")

    @staticmethod
    def press(frame: FrameLocator, button: Locator) -> str:
        """Press a button of formgrader's; gives what its box says in the end."""
        button.click()
        box = frame.locator(".modal:visible")
        box.wait_for()
        expect(box.locator(".modal-title")).not_to_be_empty()
        said = box.inner_text()
        box.locator("button").last.click()
        expect(box).to_have_count(0)
        return said

    def mark(self, student: str, cell: str, points: float, comment: str) -> None:
        """Give a student points and a comment for an answer in words."""
        self.page.goto(f"{self.server}/formgrader/manage_students/{student}/{NAME}")
        self.page.locator("td").get_by_role("link", name=NAME).click()
        expect(self.page.locator(f"#{cell}")).to_have_attribute("placeholder", "0")  # then the page saves what is typed
        for field, text, saved in ((cell, str(points), "/api/grade/"), (f"{cell}-comment", comment, "/api/comment/")):
            with self.page.expect_response(lambda r, saved=saved: saved in r.url and r.request.method == "PUT"):
                self.page.locator(f"#{field}").fill(text)
                self.page.keyboard.press("Tab")

    def type_in_terminal(self, command: str) -> None:
        """Run a command in a new terminal of JupyterLab."""
        self.page.goto(f"{self.server}/lab?reset")
        self.wait_for_lab()
        self.page.locator(".jp-LauncherCard").filter(has_text="Terminal").click()
        self.page.locator(".jp-Terminal .xterm-screen").click()
        self.page.keyboard.type(f"{command}\n")


def eventually(holds: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@contextmanager
def at_desk(browser: Browser, address: str, user: str, password: str) -> Iterator[Desk]:
    desk = Desk(browser, address, user, password)
    try:
        yield desk
    finally:
        desk.context.close()
