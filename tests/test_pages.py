"""What a notebook hands to a page: in its outputs, in a small book built from them, and in a browser."""

import base64
import html
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from course_utils import pages, plots

mpl.use("Agg")

ROOT = Path(__file__).parents[1]
ALT = "The loss falls from 3 to 1 in two epochs"


@pytest.fixture
def displayed(monkeypatch):
    """What display() was given: a list of (data, metadata)."""
    calls = []

    def display(data, metadata=None, raw=False):
        assert raw
        calls.append((data, metadata))

    monkeypatch.setattr(pages, "display", display)
    with plt.style.context("course_utils.course"):
        yield calls
    plt.close("all")


def drawing(k=1, **figure):
    fig, ax = plt.subplots(**figure)
    ax.plot([0, k, 2], [3, 2, 1])
    return fig


def opened(png):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


def commonest_colors(pixels, n):
    colors, counts = np.unique(pixels[..., :3].reshape(-1, 3), axis=0, return_counts=True)
    return colors[np.argsort(-counts)[:n]].tolist()


# ── show ─────────────────────────────────────────────────────────────────────


def test_show_stores_the_figure_with_its_text_and_closes_it(displayed):
    fig = drawing()
    pages.show(fig, alt=f"  {ALT[:20]}\n   {ALT[20:]} ")
    ((data, metadata),) = displayed
    assert data["text/plain"] == ALT
    assert metadata == {"image/png": {"alt": ALT, "width": 576, "height": 346}}
    assert opened(data["image/png"]).shape == (691, 1152, 3)
    assert not plt.fignum_exists(fig.number)


def test_a_stored_figure_is_small_and_keeps_its_colors(displayed):
    fig = drawing()
    fig.axes[0].axvspan(0, 1, color="#ffe7cc")
    pages.show(fig, alt=ALT)
    png = displayed[0][0]["image/png"]
    assert len(png) < 40_000
    page_and_span = [[255, 255, 255], [255, 231, 204]]
    np.testing.assert_allclose(commonest_colors(opened(png), 2), page_and_span, atol=1)


@pytest.mark.parametrize(
    ("alt", "message"),
    [
        ("", "at least 20 characters"),
        ("the loss", "at least 20 characters"),
        ("loss" + 20 * " " + "curve", "at least 20 characters"),
        ("Plot of the loss over the epochs", "already says that this is an image"),
        ("The figure shows ten handwritten digits", "already says"),
        ("An image of ten handwritten digits", "already says"),
    ],
)
def test_text_that_tells_nothing_is_refused(displayed, alt, message):
    with pytest.raises(ValueError, match=message):
        pages.show(drawing(), alt=alt)
    with pytest.raises(ValueError, match=message):
        pages.player([drawing(), drawing()], alt=alt, label="Epoch")
    assert not displayed


# ── player ───────────────────────────────────────────────────────────────────


def images_in(page):
    return re.findall(r"data:image/png;base64,([^\"]+)", page)


def test_player_stores_every_frame_and_shows_the_last_one(displayed):
    pages.player((drawing(k) for k in range(3)), alt=ALT, label="Epoch", captions=["a", "b", "c"])
    ((data, _),) = displayed
    assert data["text/plain"] == ALT
    shown, *others = images_in(data["text/html"])
    assert len({shown, *others}) == 3
    pages.player([drawing(2), drawing(2)], alt=ALT, label="Epoch")
    assert images_in(displayed[1][0]["text/html"])[0] == shown
    assert '<p aria-live="polite">c</p>' in data["text/html"]
    assert plt.get_fignums() == []


def test_player_gives_the_same_text_every_time_and_no_address(displayed):
    for _ in range(2):
        pages.player([drawing(0), drawing(1)], alt=ALT, label="Epoch")
    first, second = (data["text/html"] for data, _ in displayed)
    assert first == second
    assert "http" not in re.sub(r"base64,[^\"]+", "", first)


def test_player_escapes_what_the_author_writes(displayed):
    pages.player([drawing(0), drawing(1)], alt=f'{ALT} "<i>"', label="a < b", captions=["</script>", "x < y $last"])
    page = displayed[0][0]["text/html"]
    assert f'alt="{ALT} &quot;&lt;i&gt;&quot;"' in page
    assert "a &lt; b" in page and '<p aria-live="polite">x &lt; y $last</p>' in page
    assert page.count("</script>") == 1


@pytest.mark.slow
def test_twenty_five_frames_stay_well_under_a_megabyte_and_keep_their_colors(displayed):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 2)), np.repeat([0, 1], 100)

    def frames():
        for k in range(5):
            fig, ax = plt.subplots()
            plots.decision_boundary(ax, lambda points, k=k: points[:, 0] > 0.1 * k, X, y)
            yield fig

    pages.player(frames(), alt=ALT, label="Epoch")
    page = displayed[0][0]["text/html"]
    assert 25 / 5 * len(page) < 600_000
    *_, fig = frames()
    fig.canvas.draw()
    regions_and_page = commonest_colors(np.asarray(fig.canvas.buffer_rgba()), 3)
    stored = commonest_colors(opened(images_in(page)[0]), 3)
    np.testing.assert_allclose(stored, regions_and_page, atol=1)


@pytest.mark.parametrize(
    ("sizes", "captions", "message"),
    [
        ([], None, "at least 2 frames, not 0"),
        ([(6, 3)], None, "at least 2 frames, not 1"),
        ([(6, 3), (6, 4)], None, r"differ in size: \[\(576, 288\), \(576, 384\)\]"),
        ([(6, 3), (6, 3)], ["one"], "2 captions, not 1"),
    ],
)
def test_player_says_what_is_wrong(displayed, sizes, captions, message):
    with pytest.raises(ValueError, match=message):
        pages.player((drawing(figsize=size) for size in sizes), alt=ALT, label="Epoch", captions=captions)
    assert not displayed


# ── glue ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "stored"),
    [("0.10", "'0.10'"), (60_000, "60000"), (0.25, "0.25"), (np.float32(0.25), "0.25"), (np.int64(7), "7")],
)
def test_glue_stores_what_myst_nb_pastes(displayed, value, stored):
    pages.glue("name", value)
    ((data, metadata),) = displayed
    assert data == {"application/papermill.record/text/plain": stored}
    assert metadata["scrapbook"] == {"name": "name", "mime_prefix": "application/papermill.record/"}


@pytest.mark.parametrize("value", [None, [1.0], np.ones(1)])
def test_glue_refuses_what_is_no_text(displayed, value):
    with pytest.raises(TypeError, match="text or a number"):
        pages.glue("name", value)


def test_importing_the_module_costs_neither_sphinx_nor_matplotlib():
    heavy = "{'sphinx', 'docutils', 'myst_nb', 'matplotlib', 'PIL'}"
    code = f"import sys, course_utils.pages; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


# ── In a book ────────────────────────────────────────────────────────────────

PROSE = "# Page\n\nText {glue:text}`loss` and {glue}`loss`, number {glue:text}`count`, see {numref}`falling`."
CODE = [
    'import matplotlib.pyplot as plt\nfrom course_utils import pages\nplt.style.use("course_utils.course")',
    'pages.glue("loss", "0.10")\npages.glue("count", 60000)',
    f'fig, ax = plt.subplots()\nfor k in range(2): ax.axvspan(k, k + 1, color=f"C{{k}}")\npages.show(fig, alt="{ALT}")',
    "def frames(n):\n"
    "    for k in range(n):\n"
    "        fig, ax = plt.subplots(figsize=(4, 2))\n"
    "        ax.plot([0, 1], [0, k])\n"
    "        yield fig\n"
    'pages.player(frames(3), alt="A line grows steeper in 3 steps", label="Step", captions=["a", "b", "c"])\n'
    'pages.player(frames(2), alt="A line grows steeper in 2 steps", label="Step")',
]
CONF = f"""
project = "book"
extensions = ["myst_nb"]
nb_execution_mode = "off"
numfig = True
html_theme = "sphinx_book_theme"
html_static_path = [{str(ROOT / "book/_static")!r}]
html_css_files = ["course.css"]
"""


@pytest.fixture(scope="module")
def notebook():
    """The page's notebook, run by a kernel with the inline backend, as an author runs it."""
    import nbclient
    from nbformat import v4

    nb = v4.new_notebook(cells=[v4.new_markdown_cell(PROSE), *map(v4.new_code_cell, CODE)])
    nb.cells[3].metadata["mystnb"] = {"figure": {"caption": "A *falling* loss.", "name": "falling"}}
    environment = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    return nbclient.NotebookClient(nb, kernel_name="python3").execute(env=environment)


@pytest.fixture(scope="module")
def built(notebook, tmp_path_factory):
    """The folder of the HTML pages."""
    import nbformat

    source = tmp_path_factory.mktemp("book")
    nbformat.write(notebook, source / "index.ipynb")
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", source, source / "html"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return source / "html"


@pytest.mark.slow
def test_the_inline_backend_shows_no_figure_twice(notebook):
    assert [len(cell.outputs) for cell in notebook.cells[1:]] == [0, 2, 1, 2]
    assert [list(output.data) for output in notebook.cells[3].outputs] == [["image/png", "text/plain"]]


@pytest.mark.slow
def test_the_book_has_the_alt_text_the_figure_number_and_the_glued_values(built):
    page = (built / "index.html").read_text(encoding="utf-8")
    (figure,) = re.findall(r'<figure[^>]*id="falling".*?</figure>', page, re.DOTALL)
    (image,) = re.findall(r"<img[^>]*>", figure)
    assert f'alt="{ALT}"' in image
    assert "width: 576px" in image and "height" not in image
    assert "<a" not in figure.split("<figcaption>")[0]
    assert re.search(r"Fig\. 1 .*A <em>falling</em> loss\.", figure, re.DOTALL)
    text = html.unescape(re.sub("<[^>]+>", "", page))
    assert "Text 0.10 and 0.10, number 60000, see Fig. 1." in text


# ── In a browser ─────────────────────────────────────────────────────────────


@pytest.fixture
def visit(browser, built):
    """Open the page with these options of a browser context; by the end nothing was fetched or failed."""
    contexts, trouble = [], []

    def open_page(theme="light", **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("request", lambda r: r.url.startswith(("file:", "data:")) or trouble.append(r.url))
        page.on("pageerror", lambda error: trouble.append(error))
        page.on("console", lambda m: m.type in ("error", "warning") and trouble.append(m.text))
        page.add_init_script(f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')")
        page.clock.install()
        page.goto((built / "index.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not trouble


def state(player):
    return (
        player.locator("p").text_content(),
        player.locator("input").input_value(),
        hash(player.locator("img").get_attribute("src")),
    )


@pytest.mark.slow
def test_the_buttons_and_the_slider_change_the_frame_of_their_player_alone(visit):
    page = visit()
    first, second = page.locator(".course-player").all()
    at_start, untouched = state(first), state(second)
    assert (at_start[:2], untouched[:2]) == (("c", "2"), ("Frame 2 of 2", "1"))

    seen = [at_start]
    for name in ("Next", "Previous", "Previous", "Previous", "Next"):
        first.get_by_role("button", name=name).click()
        seen.append(state(first))
    assert [caption for caption, _, _ in seen] == ["c", "c", "b", "a", "a", "b"]
    assert len(set(seen)) == 3
    first.get_by_role("slider", name="Step").fill("2")
    assert state(first) == at_start
    assert state(second) == untouched


@pytest.mark.slow
def test_the_animation_plays_from_the_start_once_and_can_be_paused(visit):
    page = visit()
    player = page.locator(".course-player").first
    page.clock.run_for(5000)
    assert state(player)[0] == "c"

    player.get_by_role("button", name="Play").click()
    captions = [state(player)[0]]
    for _ in range(4):
        page.clock.run_for(500)
        captions.append(state(player)[0])
    assert captions == ["a", "b", "c", "c", "c"]

    player.get_by_role("button", name="Play").click()
    page.clock.run_for(500)
    player.get_by_role("button", name="Pause").click()
    page.clock.run_for(5000)
    assert state(player)[0] == "b"


@pytest.mark.slow
def test_the_keyboard_alone_is_enough(visit):
    page = visit()
    player = page.locator(".course-player").first
    player.get_by_role("button", name="Previous").focus()
    page.keyboard.press("Enter")
    assert state(player)[0] == "b"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.clock.run_for(500)
    assert state(player)[0] == "c"
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert state(player)[0] == "a"
    page.keyboard.press("ArrowRight")
    assert state(player)[0] == "b"


@pytest.mark.slow
def test_jupyterlab_leaves_the_keys_to_every_control(visit):
    player = visit().locator(".course-player").first
    assert player.locator("button, input").count() == 4
    assert player.locator("[data-lm-suppress-shortcuts]").count() == 4


@pytest.mark.slow
def test_who_prefers_less_motion_gets_no_play_button(visit):
    player = visit(reduced_motion="reduce").locator(".course-player").first
    assert player.get_by_role("button").all_inner_texts() == ["Previous", "Next"]


@pytest.mark.slow
def test_without_javascript_the_last_frame_stands_alone(visit):
    player = visit(java_script_enabled=False).locator(".course-player").first
    assert player.locator("img").is_visible()
    assert player.inner_text().strip() == "c"
    assert player.get_by_role("button").count() == player.get_by_role("slider").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize(("width", "narrowest", "widest"), [(360, 300, 360), (1280, 576, 576)])
def test_figures_fit_the_page_undistorted(visit, width, narrowest, widest):
    page = visit(viewport={"width": width, "height": 800})
    shown = page.locator(f'img[alt="{ALT}"]').bounding_box()
    assert narrowest <= shown["width"] <= widest
    assert shown["width"] / shown["height"] == pytest.approx(1152 / 691, rel=0.01)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


# The paper, the ink and the first two colors, as tests/test_plots.py computes them for the dark theme.
THEMES = {
    "light": ["#ffffff", "#222222", "#0055b2", "#e65511"],
    "dark": ["#121212", "#dfdfdf", "#76c5ff", "#ff8040"],
}


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_figures_blend_into_the_page_of_either_theme(visit, theme):
    page = visit(theme)

    def pixels(box):
        return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=box, full_page=True))).convert("RGB"))

    for image in page.locator(".cell_output img").all():
        box = image.bounding_box()
        row = pixels(box | {"x": box["x"] - 16, "width": 32, "height": 1})[0]
        np.testing.assert_allclose(row, [list(bytes.fromhex(THEMES[theme][0][1:]))] * 32, atol=1)
    colors = np.unique(pixels(page.locator(f'img[alt="{ALT}"]').bounding_box()).reshape(-1, 3), axis=0)
    for expected in THEMES[theme]:
        distance = np.abs(colors.astype(int) - list(bytes.fromhex(expected[1:]))).max(axis=1)
        assert distance.min() <= 2, expected
