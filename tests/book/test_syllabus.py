"""tests/syllabus.toml against the built book, the stored notebooks and the collected tests."""

import functools
import re
import subprocess
import sys
import tomllib

import nbformat
import pytest

from course_utils import authoring
from tests.book.test_pages import ROOT, article

SYLLABUS = tomllib.loads((ROOT / "tests/syllabus.toml").read_text())
CHAPTERS = {name: authoring.chapters(ROOT)[name].relative_to(ROOT) for name in SYLLABUS}
ITEMS = [pytest.param(chapter, item, id=f"{chapter}: {item}") for chapter, items in SYLLABUS.items() for item in items]

pytestmark = pytest.mark.slow


@functools.cache
def collected() -> set[str]:
    """The ids of all tests that the syllabus names, and of the cells that nbval compares, without parameters."""
    named = {test for items in SYLLABUS.values() for item in items.values() for test in item.get("tests", ())}
    files = {test.split("::")[0] for test in named} | {str(path) for path in CHAPTERS.values()}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "--nbval",
        "-p",
        "no:cacheprovider",
        *sorted(files),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert found.returncode == 0, found.stdout + found.stderr
    return {line.split("[")[0] for line in found.stdout.splitlines() if "::" in line}


@functools.cache
def outputs_by_section(chapter: str) -> dict[str, list[str]]:
    """For each second-level heading the ids of the code cells under it that have a stored output."""
    found, heading, k = {}, None, 0
    for cell in nbformat.read(ROOT / CHAPTERS[chapter], as_version=4).cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^## (.+)$", cell.source, flags=re.MULTILINE):
                found[heading] = []
        elif cell.cell_type == "code":
            if cell.outputs and heading:
                found[heading].append(f"{CHAPTERS[chapter]}::Cell {k}")
            k += 1
    return found


@pytest.mark.parametrize(("chapter", "item"), ITEMS)
def test_the_item_is_taught_executed_and_guarded(chapter, item):
    entry = SYLLABUS[chapter][item]
    headings = [h2.get_text().rstrip("#").strip() for h2 in article(f"{CHAPTERS[chapter].with_suffix('')}.html")("h2")]
    headings = [re.sub(r"^[\d.]+\s+", "", heading).replace("’", "'") for heading in headings]
    assert entry["section"] in headings, "no such heading on the built page"
    executed = outputs_by_section(chapter)[entry["section"]]
    assert executed, "no code under this heading has an output"
    assert set(executed) <= collected(), "nbval does not compare these cells"
    assert set(entry.get("tests", ())) <= collected(), "no such test"


def test_every_chapter_of_the_first_part_is_in_the_syllabus():
    foundations = {name for name, path in authoring.chapters(ROOT).items() if path.parent.name == "foundations"}
    assert foundations <= set(SYLLABUS)
