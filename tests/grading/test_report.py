"""What a run of grading says of a class: statistics worked out by hand, and three ways to tell them to a person."""

import csv
import html.parser
import io
import re
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import pointbiserialr

from course_utils import cli
from course_utils.grading import page, report, statistics
from course_utils.grading.verdict import GRADED, HUMAN, ZERO, CellResult, Result
from tests.conftest import missing
from tests.grading.classroom import NAME, RIGHT, answered, hand_in, make_course, released

WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
WRONG = "CheckFailed: z is wrong: 3 of 5 entries differ."


def result(student, *scores, possible=1, essay=None, error=WRONG, **other):
    """A graded submission with these scores in test_0, test_1, …"""
    cells = [
        CellResult(f"test_{k}", possible, float(score), "ok" if score else "error", 0.1, "" if score else error)
        for k, score in enumerate(scores)
    ]
    cells.append(CellResult("essay", 2, essay, "", by_hand=True))
    points = sum(cell.score or 0 for cell in cells)
    return Result(
        student,
        **{"verdict": GRADED, "points": points, "possible": sum(cell.possible for cell in cells)}
        | {"seconds": 2.0, "cpu_seconds": 1.5, "memory": 200_000_000, "cells": cells}
        | other,
    )


def healthy(n, n_tests=6, seed=1):
    """(n, n_tests) passes and failures of a class in which the able pass more of everything."""
    rng = np.random.default_rng(seed)
    ability, difficulty = rng.normal(size=(n, 1)), np.linspace(-0.8, 0.8, n_tests)
    return (rng.random((n, n_tests)) < 1 / (1 + np.exp(-2 * (ability - difficulty)))).astype(float)


def class_of(scores):
    return [result(f"s{k:03d}", *row) for k, row in enumerate(scores)]


def rendered(results):
    return page.html(NAME, results, WHEN)


# ── Statistics ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_marks_are_after_the_penalty_and_of_those_who_have_one():
    results = [
        result("ann", 1, 1, 1),
        result("bob", 1, 1, 0, penalty=0.5, late_seconds=7200),
        result("cem", 0, 0, 0, verdict=ZERO),
        result("dee", 1, 1, 1, verdict=HUMAN, alarms=["builtins.sum was replaced"]),
        Result("eve", HUMAN, "it is empty"),
    ]
    marks = statistics.marks(results)
    assert marks.values.tolist() == [3, 1.5, 0]
    assert (marks.mean, marks.median, marks.possible) == (1.5, 1.5, 3)  # the essay's 2 points are not among them
    assert [(bar.low, bar.count) for bar in statistics.histogram(marks)] == [(0, 1), (1, 1), (2, 0), (3, 1)]


@pytest.mark.parametrize(("possible", "width"), [(0, 1), (3, 1), (20, 1), (21, 2), (100, 5), (400, 20)])
def test_the_histogram_holds_every_mark_in_few_bars(possible, width):
    values = np.linspace(0, possible, 41)
    bars = statistics.histogram(statistics.Marks(values, possible))
    assert sum(bar.count for bar in bars) == 41
    assert len(bars) <= 21
    assert bars[0].high == width
    assert bars[-1].low <= possible < bars[-1].high


def test_discrimination_is_the_corrected_item_total_correlation():
    scores = healthy(30) * [1, 2, 1, 3, 1, 2]
    found = statistics.discrimination(scores)
    for k, r in enumerate(found):
        rest = np.delete(scores, k, axis=1).sum(axis=1)
        assert r == pytest.approx(pointbiserialr(scores[:, k] > 0, rest).statistic)
        assert r == pytest.approx(np.corrcoef(scores[:, k], rest)[0, 1])


def test_discrimination_of_four_students_by_hand():
    # test_0 = (1, 1, 0, 0) against the rest (2, 1, 1, 0): covariance 1, variances 1 and 2.
    scores = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 0], [0, 0, 0]])
    assert statistics.discrimination(scores)[0] == pytest.approx(1 / np.sqrt(2))
    assert np.isnan(statistics.discrimination(np.array([[1, 0.1], [0, 0.1], [1, 0.1]]))).all()


def remarks(scores):
    return [item.remark for item in statistics.items(class_of(scores))]


def test_a_broken_a_trivial_and_an_inverted_test_are_named():
    scores = healthy(40)
    strong = scores.sum(axis=1) > 3
    odd = np.column_stack([scores, np.zeros(40), np.ones(40), 1 - strong])
    assert remarks(odd) == [""] * 6 + [statistics.NOBODY_PASSES, statistics.EVERYBODY_PASSES, statistics.INVERTED]
    broken, trivial = statistics.items(class_of(odd))[6:8]
    assert (broken.passed, broken.mean, broken.discrimination, broken.odd) == (0, 0, None, True)
    assert (trivial.passed, trivial.mean, trivial.discrimination, trivial.odd) == (40, 1, None, False)


def test_a_test_of_chance_does_not_separate_in_a_large_class():
    scores = np.column_stack([healthy(400), np.random.default_rng(2).integers(0, 2, 400)])
    assert remarks(scores) == [""] * 6 + [statistics.FLAT]


def test_partial_points_that_nobody_completes_and_stubs_that_nobody_fills():
    half = [result(f"s{k}", *row, 0.5) for k, row in enumerate(healthy(12))]
    assert statistics.items(half)[-1].remark == statistics.NOBODY_WINS_ALL
    assert statistics.items(half)[-1].mean == 0.5
    stub = [result(f"s{k}", 1, 0, error="NotImplementedError: ") for k in range(12)]
    item = statistics.items(stub)[1]
    assert (item.remark, item.unanswered) == (statistics.NOBODY_ANSWERS, 12)
    assert statistics.mistakes(stub) == {}


@pytest.mark.parametrize("n", [10, 15, 40, pytest.param(400, marks=pytest.mark.slow)])
def test_healthy_tests_are_hardly_ever_called_bad(n):
    called = [remark for seed in range(60) for remark in remarks(healthy(n, seed=seed))]
    bad = [remark for remark in called if remark in (statistics.INVERTED, statistics.FLAT)]
    assert len(bad) <= 0.01 * len(called)


def test_of_a_small_class_and_of_a_lonely_failure_nothing_is_said():
    upside_down = np.column_stack([healthy(9) * 0, healthy(9), 1 - healthy(9)])
    items = statistics.items(class_of(upside_down))
    assert {(item.remark, item.discrimination) for item in items} == {("", None)}
    assert "too few to say what is odd" in rendered(class_of(upside_down))
    lonely = np.ones((40, 3))
    lonely[:20, 1:] = 0
    lonely[-2:, 0] = 0  # two of the strong fail test_0
    assert statistics.items(class_of(lonely))[0].remark == ""
    lonely[-3:, 0] = 0
    assert statistics.items(class_of(lonely))[0].remark == statistics.FLAT


def test_who_answers_nothing_or_needs_a_human_does_not_judge_a_test():
    results = [
        *class_of(np.ones((10, 2))),
        result("blank", 0, 0, blank=True),
        result("cheat", 0, 1, verdict=HUMAN, alarms=["builtins.sum was replaced"]),
        Result("unreadable", HUMAN, "it is empty"),
    ]
    assert [item.passed for item in statistics.items(results)] == [10, 10]
    assert statistics.mistakes(results) == {}
    assert "Judged by 10 submissions. Left out: 2 that a human looks at, 1 handed in as released." in rendered(results)


def test_messages_that_differ_in_numbers_are_one_mistake():
    messages = [
        "CheckFailed: z is wrong: 3 of 5 entries differ.\n  expected z[0, 2] = -1e-3, came 0.5",
        "CheckFailed: z is wrong: 1 of 5 entries differ.\n  expected z[4] = 12.25, came -0.125e+10",
        "OSError: /tmp/a/b.csv at 0x7f00",
        "OSError: ~/results.npz at 0xffff",
        "ValueError: [1. 2. 3.] is not [ 1.5 2.5]",
        "ValueError: [1.] is not [ 1 2 3 4 5 6 7]",
        "NameError: name 'w1' is not defined",
        "NameError: name 'w2' is not defined",
    ]
    results = [result(f"s{k}", 0, error=message) for k, message in enumerate(messages)]
    found = statistics.mistakes(results)["test_0"]
    assert [(mistake.message, mistake.students) for mistake in found] == [
        ("CheckFailed: z is wrong: # of # entries differ. expected z[#] = #, came #", ["s0", "s1"]),
        ("OSError: <file> at #", ["s2", "s3"]),
        ("ValueError: [#] is not [#]", ["s4", "s5"]),
        ("NameError: name 'w1' is not defined", ["s6"]),
        ("NameError: name 'w2' is not defined", ["s7"]),
    ]


def test_slow_cells_ended_cells_waiting_answers_and_alarms():
    slow = result("slow", 1, 0)
    slow.cells[1] = CellResult("test_1", 1, 0.0, "timeout", 60.0, "Timeout: too long")
    stopped = result("stopped", 1, 0, essay=0.0, alarms=["b", "a"])
    stopped.cells[1] = CellResult("test_1", 1, 0.0, "budget", 0.0, "TimeBudget: not run")
    results = [result("ann", 1, 1, alarms=["a"]), slow, stopped]
    assert statistics.times(results)[0] == statistics.Time("test_1", pytest.approx(30.05), 60.0, "slow")
    assert statistics.ended(results) == [
        statistics.Ended("test_1", "Timeout", ["slow"]),
        statistics.Ended("test_1", "TimeBudget, not run", ["stopped"]),
    ]
    assert statistics.waiting(results) == [statistics.Waiting("essay", 2, ["ann", "slow"])]
    assert statistics.alarms(results) == {"a": ["ann", "stopped"], "b": ["stopped"]}


# ── Text and CSV ────────────────────────────────────────────────────────────────────────────────────────────────

LATE = result("bob", 1, 1, 0, penalty=0.4, late_seconds=26 * 3600, received="2026-03-01T12:00:00", essay=0.0)


def test_the_table_fits_and_ends_with_what_matters():
    broken = Result("bea", HUMAN, "a reason that is wide " * 20, sandboxed=False)
    text = report.table([LATE, broken, result("x" * 200, 1, 1, 1)], width=110)
    lines = text.splitlines()
    assert lines[1].split() == ["bob", "graded", "1.6/5", "2.0", *report.lateness(LATE).split()]
    assert "late by 26.0 h: −0.4 points" in lines[1]
    assert all(len(line) <= 110 for line in lines[:4])
    assert lines[2].endswith("…")
    assert lines[-2].startswith("WITHOUT A SANDBOX: 1 of 3")
    assert "2 graded, 1 needs a human" in text
    assert "1 with answers that you mark by hand" in text
    assert "SANDBOX" not in report.table([LATE])


def test_the_csv_has_the_penalty_and_one_line_per_student():
    lines = list(csv.DictReader(io.StringIO(report.as_csv([LATE, Result("bea", HUMAN, "it is empty")]))))
    late = {key: lines[0][key] for key in ("points", "possible", "penalty", "late_hours", "received", "to_mark")}
    assert late == {
        "points": "1.6",
        "possible": "5",
        "penalty": "0.4",
        "late_hours": "26.00",
        "received": "2026-03-01T12:00:00",
        "to_mark": "0",
    }
    assert (lines[1]["points"], lines[1]["possible"], lines[1]["sandboxed"]) == ("0", "5", "yes")
    assert report.as_csv([Result("ann", GRADED, sandboxed=False)]).splitlines()[1].endswith(",no")
    cells = report.cells_as_csv([LATE, Result("bea", HUMAN), result("cem", 0, 0.5, 1)]).splitlines()
    assert cells == ["student,test_0,test_1,test_2,essay", "bob,1,1,0,0", "bea,,,,", "cem,0,0.5,1,"]


def test_a_file_is_written_in_whole_or_not_at_all(tmp_path):
    path = tmp_path / "toy.csv"
    report.write(path, "before")
    with pytest.raises(UnicodeEncodeError):
        report.write(path, "half\udce4")
    assert path.read_text() == "before"


# ── What a student could do to the reader ───────────────────────────────────────────────────────────────────────

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style></table></body><h1>hello",
    "{{ 7 * 7 }}{% include 'x' %}",
    "=cmd()|' /C calc'!A0",
    "x;=1+1",
    "two\nlines\r\n=1+1\ttab",
    "\x1b[2J\x07\x00bell",
    "\u202eevil\u2066\u200b",
    "half \udcff\ud800",
    "&amp;&lt;",
    "＝1+1",
]
LONG = "m" * 50_000 + " " + "<b>" * 20_000


def attacked():
    """Everything that may be a student's is hostile: names, reasons, findings, alarms, messages."""
    results = []
    for k, text in enumerate([*HOSTILE, LONG]):
        name = text[:200]
        results.append(
            result(name, 1, 0, error=f"E{k}: {text}", reason=text, findings=[text, LONG], late_seconds=9, received=text)
        )
        results.append(result(f"a{name}", 0, 1, verdict=HUMAN, reason=text, alarms=[text]))
        results.append(Result(f"b{name}", HUMAN, text))
    return results


class Document(html.parser.HTMLParser):
    """A page as a browser would take it; complains about what is not closed."""

    VOID = ("meta", "br", "hr", "img", "input", "link")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_hostile_text_stays_text_in_the_page():
    text, innocent = rendered(attacked()), rendered(class_of(healthy(12)))
    document = Document(text)
    assert set(document.tags) <= set(Document(innocent).tags) | {"strong", "ul", "li", "bdi", "h3", "a", "div"}
    assert not {"script", "img", "iframe", "object", "link"} & set(document.tags)
    assert not [name for name, _ in document.attributes if name.startswith("on") or name in ("src", "srcset")]
    assert not re.search(r"url\(|@import", text)
    assert {value[:1] for name, value in document.attributes if name == "href"} == {"#"}
    seen = "".join(document.texts)
    assert "<script>alert(1)</script>" in seen
    assert "{{ 7 * 7 }}" in seen
    assert "&amp;&lt;" in seen
    assert all(c.isprintable() or c == "\n" for c in text)
    assert len(text) < 500_000


def test_hostile_text_is_no_formula_and_no_line_in_the_csv():
    results = attacked()
    for text in (report.as_csv(results), report.cells_as_csv(results)):
        lines = list(csv.reader(io.StringIO(text)))
        assert len(lines) == len(results) + 1
        assert len({len(line) for line in lines}) == 1
        for cell in (cell for line in lines for cell in line):
            assert not re.search(r"""(^|;)[\s"']*[=+@＝＋－＠]""", cell.replace("'=", "").replace("'＝", ""))
            assert cell.isprintable()
    lines = list(csv.DictReader(io.StringIO(report.as_csv(results))))
    assert "'=cmd()|' /C calc'!A0" in {line["reason"] for line in lines}
    assert "x;'=1+1" in {line["student"] for line in lines}


def test_hostile_text_does_not_steer_the_terminal():
    text = report.table(attacked(), width=100)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert len(text.splitlines()) == len(attacked()) + 5


# ── The page ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_says_what_to_do_next():
    scores = np.column_stack([healthy(40), np.zeros(40)])
    results = [
        *class_of(scores),
        result("bob", *np.ones(6), 0, penalty=0.4, late_seconds=26 * 3600, received="2026-03-01T12:00:00", essay=0.0),
        result(
            "cheat",
            *np.ones(7),
            verdict=HUMAN,
            reason="builtins.sum was replaced",
            alarms=["builtins.sum was replaced"],
        ),
        Result("bea", HUMAN, "there is no file toy.ipynb"),
    ]
    document = Document(rendered(results))
    seen = " ".join(" ".join(document.texts).split())
    for expected in (
        "43 submissions",
        "Look at 2 submissions that the grader does not decide on.",
        "Look at 1 test before you believe the marks: test_6 (nobody passes: is the test broken?).",
        "Mark by hand, in nbgrader's formgrader: essay of 41 students.",
        "there is no file toy.ipynb – bea",
        "builtins.sum was replaced – cheat , 7 of 9 points so far",
        "Which cell assigns to this name",
        "41 × CheckFailed: z is wrong: # of # entries differ. For example s000 .",
        "2026-03-01 12:00:00 26.0 −0.4 5.6 / 9",
        "sandboxed yes",
        "processor time 1.1 min",
        "submissions a minute 30 per worker",
    ):
        assert expected in seen
    assert "Without a sandbox" not in seen
    headings = [value for name, value in document.attributes if name == "id"]
    assert headings == ["next", "human", "marks", "tests", "mistakes", "late", "use", "everybody"]


def test_the_page_of_nobody_and_of_all_that_need_a_human():
    assert "Nothing was handed in" in rendered([])
    Document(rendered([]))
    text = rendered([Result(f"s{k}", HUMAN, "it is empty") for k in range(12)])
    Document(text)
    assert "Look at 12 submissions" in text
    assert "<svg role" not in text
    alarmed = [result(f"s{k}", 1, verdict=HUMAN, alarms=["numpy.sum was replaced"]) for k in range(12)]
    assert "So many: the assignment or the grader may be the cause." in rendered(alarmed)
    Document(rendered([Result("ann", GRADED)]))


def test_the_page_says_that_there_was_no_sandbox():
    unsafe = result("ann", 1, sandboxed=False)
    assert "not all" not in rendered([unsafe])
    text = rendered([unsafe, result("bob", 1)])
    assert "<dd>not all</dd>" in text
    assert "1 of 2 ran with all the rights" in text


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_browser(browser, tmp_path, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    path = tmp_path / "toy.html"
    report.write(path, rendered([*class_of(healthy(40, n_tests=2)), *attacked()]))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    opened = context.new_page()
    complaints, requests = [], []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(dialog.message) or dialog.dismiss())
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(path.as_uri())
    opened.wait_for_load_state("networkidle")
    assert requests == [path.as_uri()]
    assert complaints == []
    assert opened.evaluate("document.documentElement.scrollWidth") == width
    figure = opened.get_by_role("img", name="Histogram of the marks")
    assert figure.bounding_box()["height"] > 150
    assert figure.locator("rect").first.bounding_box()["height"] > 5
    paper = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (theme == "light")
    found = Axe().run(opened)
    assert found.violations_count == 0, found.generate_report()
    opened.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/beyond'}))")
    opened.wait_for_timeout(100)
    assert "Content Security Policy" in complaints[0]
    context.close()


# ── A class, from notebooks to the page ─────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_class_is_graded_and_reported(tmp_path, monkeypatch, capsys):
    if shutil.which("bwrap") is None:
        missing("bubblewrap", "apt install bubblewrap")
    root = make_course(tmp_path)
    monkeypatch.chdir(root)
    for k in range(12):  # all of them know the answer, the first five cannot double
        wrong = {"double": f"def double(x):\n    return x + {k + 2}"} if k < 5 else {}
        hand_in(root, f"s{k:02d}", answered(root, **RIGHT | wrong))
    hand_in(root, "untouched", released(root))
    hand_in(root, "broken", b"{")
    assert cli.main(["grade", NAME, "--workers", "1"]) == 3
    said = capsys.readouterr().out
    assert said.endswith(
        f"Report: .grading/{NAME}.html\nPoints: .grading/{NAME}.csv\nPoints of each test: .grading/{NAME}-cells.csv\n"
    )
    assert "13 graded, 1 needs a human" in said
    document = Document((root / ".grading" / f"{NAME}.html").read_text(encoding="utf-8"))
    seen = " ".join(" ".join(document.texts).split())
    for expected in (
        "Judged by 12 submissions. Left out: 1 that a human looks at, 1 handed in as released.",
        "test_double 58 % 58 %",
        "test_answer everybody passes: it tells nobody apart 100 % 100 %",
        "by hand: 12 waiting for a mark",
        "test_double 5 of 12 lose points 4 × CheckFailed: a is wrong: # of # entries differ.",
        "likely cause: it is twice too large: is a #/# missing, or a # from the derivative of a square counted twice? "
        "For example s01 .",
        "mean 2.0 of 3",
    ):
        assert expected in seen
    cells = (root / ".grading" / f"{NAME}-cells.csv").read_text().splitlines()
    assert cells[0] == "student,test_double,test_answer,essay"
    assert cells[1:4] == ["broken,,,", "s00,0,1,", "s01,0,1,"]
    assert cells[-1] == "untouched,0,0,0"
