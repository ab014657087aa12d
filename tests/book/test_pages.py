"""The built pages as files: links and anchors, alt text, local assets, what a reader expects to find."""

import functools
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build/html"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
SOURCES = [TOC["root"], *(chapter["file"] for part in TOC["parts"] for chapter in part["chapters"])]
PAGES = [f"{source}.html" for source in SOURCES]

pytestmark = pytest.mark.slow


@functools.cache
def page(name: str) -> BeautifulSoup:
    path = HTML / name
    assert path.is_file(), "build the book first: make book"
    return BeautifulSoup(path.read_text(), "html.parser")


def article(name: str):
    return page(name).find("article")


@pytest.fixture(scope="module", autouse=True)
def fresh_build():
    built = HTML / "index.html"
    assert built.is_file(), "build the book first: make book"
    newest = max((ROOT / f"{source}{suffix}" for source in SOURCES for suffix in (".md", ".ipynb")), key=changed)
    assert changed(newest) <= changed(HTML / "searchindex.js"), f"{newest} is newer than the book: make book"


def changed(path: Path) -> float:
    return path.stat().st_mtime if path.is_file() else 0


@pytest.mark.parametrize("name", PAGES)
def test_every_internal_link_leads_somewhere(name):
    broken = []
    for tag in page(name).find_all(href=True):
        url = urlsplit(tag["href"])
        if url.scheme or url.netloc or tag["href"] in ("#", ""):
            continue
        target = (HTML / name).parent / unquote(url.path) if url.path else HTML / name
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file():
            broken.append(tag["href"])
        elif url.fragment and target.suffix == ".html":
            relative = target.resolve().relative_to(HTML.resolve()).as_posix()
            if not page(relative).find(id=unquote(url.fragment)):
                broken.append(tag["href"])
    assert not broken


@pytest.mark.parametrize("name", PAGES)
def test_every_asset_is_local_and_there(name):
    wanted = [
        tag.get("src") for tag in page(name).find_all(["script", "img", "iframe", "video", "source"]) if tag.get("src")
    ]
    wanted += [tag["href"] for tag in page(name).find_all("link", href=True) if tag.get("rel") != ["canonical"]]
    for url in wanted:
        if url.startswith("data:"):
            continue
        assert not urlsplit(url).netloc, f"{url} is not local"
        assert ((HTML / name).parent / urlsplit(url).path).exists(), url


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_says_what_is_to_be_seen(name):
    # The theme's logo has its name in words beside it, so it is rightly silent.
    pictures = page(name).select("img:not(.logo__image)")
    mute = [img.get("src")[:80] for img in pictures if not img.get("alt", "").strip()]
    assert not mute
    short = [img["alt"] for img in article(name).find_all("img") if len(img["alt"]) < 40]
    assert not short


@pytest.mark.parametrize("name", PAGES)
def test_no_page_shows_an_error_or_a_warning(name):
    text = article(name).get_text()
    for trace in ("Traceback (most recent call last)", "Warning:", "stderr"):
        assert trace not in text
    assert not page(name).select(".system-message, .problematic, .stderr")


@pytest.mark.parametrize("name", [name for name in PAGES if name != PAGES[0] and "appendix" not in name])
def test_a_chapter_has_what_a_reader_expects(name):
    soup = page(name)
    assert article(name).select("figure figcaption .caption-number"), "numbered figures"
    assert article(name).select(".eqno"), "numbered equations"
    assert article(name).select(".exercise .caption-number"), "numbered exercises"
    assert article(name).select("details.choice.right"), "questions"
    assert article(name).select("a.reference.internal[href*=bibliography]"), "citations"
    assert article(name).select("a[href*='glossary.html#term-']"), "glossary terms"
    assert soup.select("a.btn-download-source-button"), "download as a notebook"


@pytest.mark.parametrize(
    "name",
    [name for source, name in zip(SOURCES, PAGES, strict=True) if (ROOT / f"{source}.ipynb").is_file()],
)
def test_launch_buttons_follow_the_configuration(name):
    launch = {urlsplit(a["href"]).netloc: a["href"] for a in page(name).select(".dropdown-launch-buttons a[href]")}
    buttons, repository = CONFIG["launch_buttons"], CONFIG["repository"]
    for key in ("binderhub_url", "colab_url", "jupyterhub_url"):
        link = launch[urlsplit(buttons[key]).netloc]
        assert urlsplit(repository["url"]).path.strip("/") in unquote(link)
        assert repository["branch"] in link


def test_the_index_of_terms_is_filled():
    entries = [a.get_text() for a in page("genindex.html").select("table.genindextable a")]
    assert {"perceptron", "XOR", "sigmoid"} <= set(entries)


def test_search_knows_the_words_of_a_chapter():
    index = (HTML / "searchindex.js").read_text()
    assert "perceptron" in index
    assert "novikoff" in index


def test_the_readme_lists_the_chapters_of_the_book_in_their_order():
    linked = re.findall(r"\(book/(\S+?)\.(?:ipynb|md)\)", (ROOT / "README.md").read_text())
    chapters = [
        source.removeprefix("book/") for source in SOURCES if "appendix" not in source and source != TOC["root"]
    ]
    assert [link for link in linked if "appendix" not in link] == chapters
