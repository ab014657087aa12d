"""The built book as a reader meets it, in a real browser, with nothing but the local server to ask."""

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import HTML, SIZES

TOC = yaml.safe_load((HTML.parents[1] / "_toc.yml").read_text())
PAGES = [TOC["root"], *(chapter["file"] for part in TOC["parts"] for chapter in part["chapters"])]
CHAPTER = "book/foundations/perceptron"
TABS = "book/training/frameworks"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", [*PAGES, "genindex", "search"])
def test_a_page_opens_without_complaint_and_asks_nobody_else(visit, path):
    seen = visit(path)
    assert not seen.complaints
    assert not seen.foreign


def test_a_request_beyond_the_server_would_be_noticed(visit):
    seen = visit(CHAPTER)
    seen.page.evaluate("fetch('http://127.0.0.1:9/beyond').catch(() => 0)")
    assert seen.foreign == ["http://127.0.0.1:9/beyond"]


@pytest.mark.parametrize("path", [page for page in PAGES if (HTML.parents[1] / f"{page}.ipynb").is_file()])
def test_mathematics_is_typeset(visit, path):
    page = visit(path).page
    page.wait_for_selector("mjx-container mjx-math")
    raw = page.locator("article .math").evaluate_all("all => all.filter(e => !e.querySelector('mjx-container')).length")
    assert raw == 0
    assert page.locator("mjx-merror").count() == 0


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious(visit, path, theme, size):
    page = visit(path, size=size, theme=theme).page
    found = Axe().run(page).response["violations"]
    serious = [
        f"{v['id']} ({v['impact']}): {v['help']}; {len(v['nodes'])} × {v['nodes'][0]['html'][:160]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert not serious


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_never_scrolls_sideways(visit, path):
    page = visit(path, size="phone").page
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"]["width"]


def test_search_finds_the_chapter(visit):
    page = visit("search").page
    page.goto(f"{page.url.split('/search')[0]}/search.html?q=perceptron")
    hit = page.locator("#search-results li a", has_text="The perceptron").first
    hit.wait_for()
    assert "foundations/perceptron.html" in hit.get_attribute("href")


def test_search_opens_from_the_keyboard(visit):
    page = visit(CHAPTER).page
    page.keyboard.press("Control+k")
    box = page.locator("input[type=search]:visible")
    box.fill("perceptron")
    box.press("Enter")
    page.wait_for_selector("#search-results li a")


def test_the_theme_toggles_and_is_remembered(visit):
    page = visit(CHAPTER).page
    seen = set()
    for _ in range(3):
        page.locator("button.theme-switch-button:visible").click()
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}
    chosen = page.evaluate("document.documentElement.dataset.mode")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.mode") == chosen


def test_a_quiz_answers_at_once_and_closes_the_other_choice(visit):
    page = visit(CHAPTER).page
    wrong = page.locator("details.choice:not(.right)[name=perceptron-q1]").first
    right = page.locator("details.choice.right[name=perceptron-q1]")
    assert not wrong.locator("p").is_visible()
    wrong.locator("summary").click()
    assert wrong.locator("p").inner_text().startswith("No")
    right.locator("summary").press("Enter")
    assert right.locator("p").inner_text().startswith("Right")
    assert not wrong.locator("p").is_visible()


def test_a_solution_is_folded_and_unfolds(visit):
    page = visit(CHAPTER).page
    solution = page.locator(".solution.dropdown").first
    folded = solution.bounding_box()["height"]
    solution.locator("button").click()
    page.wait_for_function("folded => document.querySelector('.solution').offsetHeight > folded + 20", arg=folded)


def shown_tabs(page):
    """The tab that each set shows, and whether its code is to be seen."""
    return page.locator(".sd-tab-set").evaluate_all(
        """sets => sets.map(set => {
            const input = set.querySelector(":scope > input:checked");
            const content = input.nextElementSibling.nextElementSibling;
            return [input.nextElementSibling.innerText, content.querySelector("pre").offsetHeight > 0];
        })"""
    )


def test_a_choice_of_tab_holds_for_the_others_and_for_the_next_visit(visit):
    page = visit(TABS).page
    assert {name for name, _ in shown_tabs(page)} == {"NumPy", "PyTorch"}
    page.locator(".sd-tab-label", has_text="JAX").first.click()
    assert {tuple(shown) for shown in shown_tabs(page)} == {("JAX", True)}
    page.reload()
    assert {tuple(shown) for shown in shown_tabs(page)} == {("JAX", True)}


def test_tabs_are_chosen_from_the_keyboard(visit):
    page = visit(TABS).page
    page.locator(".sd-tab-set > input").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert {tuple(shown) for shown in shown_tabs(page)} == {("Keras", True)}


def test_the_animation_is_driven_from_the_keyboard(visit):
    page = visit(CHAPTER).page
    player = page.locator(".course-player").first
    slider = player.locator("input[type=range]")
    caption, picture = player.locator("p"), player.locator("img")
    before = caption.inner_text(), picture.get_attribute("src")
    slider.press("Home")
    assert caption.inner_text() != before[0]
    assert picture.get_attribute("src") != before[1]
    slider.press("End")
    assert (caption.inner_text(), picture.get_attribute("src")) == before


def test_the_animation_has_a_picture_without_javascript(browser, book_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{book_url}/{CHAPTER}.html")
    assert page.locator(".course-player img").is_visible()
    assert not page.locator(".course-player button").first.is_visible()
    context.close()
