"""Take the README's picture of the built book: `make pictures`."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.conftest import HTML, QUIET, find_chromium, serve

PICTURE = Path(__file__).resolve().parents[2] / "book/_static/pictures/chapter.png"
CHAPTER = "book/foundations/perceptron.html"
VIEW = {"width": 1180, "height": 900}


def screenshot(browser, url: str, theme: str) -> Image.Image:
    page = browser.new_page(viewport=VIEW, color_scheme=theme)
    page.goto(url)
    page.wait_for_selector("mjx-container mjx-math")
    page.locator("#fig-guess").evaluate("figure => window.scrollTo(0, figure.offsetTop - 380)")
    page.wait_for_timeout(500)
    return Image.open(io.BytesIO(page.screenshot()))


def main() -> None:
    with serve(HTML) as root, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        light, dark = (screenshot(browser, f"{root}/{CHAPTER}", theme) for theme in ("light", "dark"))
        browser.close()
    width, height = light.size
    both = light.copy()
    both.paste(dark.crop((width // 2, 0, width, height)), (width // 2, 0))
    PICTURE.parent.mkdir(exist_ok=True)
    both.quantize(128).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
