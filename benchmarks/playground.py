"""The playground's frames: how long does a redraw take, in a headless browser?

    .venv/bin/python benchmarks/playground.py [--frames 300]

opens each state in Chromium, which draws on the CPU here, and redraws it after each epoch of training. `script` is
`performance.now()` around the redraw; `painted` ends when the browser has laid out and painted what changed.
The table is printed and written to benchmarks/playground.md.
"""

import argparse
import os
import platform
import shlex
import sys
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # of the tests, the browser and the server

from tests.conftest import QUIET, find_chromium, serve  # noqa: E402

TABLE = Path(__file__).with_suffix(".md")
VIEWS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
STATES = {  # points · neurons, the hidden ones
    "4,000": "data=xor&n=1000&hidden=4",
    "20,000": "data=spirals&n=500&hidden=8,8,8,8,8",
    "20,000, ReLU, all features": "data=moons&n=500&hidden=8,8,8,8,8&act=relu&features=x,y,x2,y2,xy,sinx,siny",
    "20,000, jets": "data=jets&n=500&hidden=8,8,8,8,8",
    "40,000": "data=spirals&n=1000&hidden=8,8,8,8,8",
}
PAGE = """<!doctype html><html lang="en" data-theme="light"><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/playground/playground.css">
<script type="module" src="/playground/playground.mjs"></script>
<course-playground state="{}"></course-playground></html>"""
REDRAW = """async (frames) => {
  const playground = document.querySelector("course-playground");
  const script = [], painted = [], trained = [];
  for (let i = 0; i < frames + 20; i++) {
    await new Promise(requestAnimationFrame);
    const begin = performance.now();
    playground.training.finishEpoch();
    const start = performance.now();
    playground.show();
    const end = performance.now();
    const { port1, port2 } = new MessageChannel(); // its message comes after the paint
    await new Promise((done) => requestAnimationFrame(() => { port1.onmessage = done; port2.postMessage(0); }));
    if (i < 20) continue; // the compiler warms up
    trained.push(start - begin);
    script.push(end - start);
    painted.push(performance.now() - start);
  }
  return { trained, script, painted };
}"""
REPORT = """# Frames of the playground

Written by `{command}`.

| points · neurons | view | redraw, ms: median | 95 % | painted, ms: median | an epoch of training, ms: median |
| --- | --- | ---: | ---: | ---: | ---: |
{rows}

Medians of {frames} frames by `performance.now()`, each after an epoch of training on half of the points. A redraw is
all that the script does: the surfaces of all neurons on a grid of 32 × 32, network, boundary, curves and tables.
"Painted" ends with the paint that follows and waits for the next frame of the screen: rarely below 16.7 ms. The
goal is a redraw below 16 ms at 20,000 points · neurons.

Machine: {cpu}, {cores} cores, at a load of {load:.1f}; {system}, Chromium {chromium}, without a graphics card.
"""


def measure(browser: Browser, url: str, state: str, view: str, frames: int) -> dict[str, list[float]]:
    page: Page = browser.new_page(viewport=VIEWS[view])
    page.route("**/page.html", lambda route: route.fulfill(body=PAGE.format(state), content_type="text/html"))
    page.goto(f"{url}/page.html")
    page.wait_for_function("document.querySelector('course-playground').training")
    times = page.evaluate(REDRAW, frames)
    page.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=300)
    frames = parser.parse_args().frames
    rows = []
    with serve(ROOT / "book/_static") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        for name, state in STATES.items():
            for view in VIEWS:
                times = measure(browser, url, state, view, frames)
                script, painted, trained = times["script"], times["painted"], times["trained"]
                numbers = [median(script), quantiles(script, n=20)[-1], median(painted), median(trained)]
                rows.append(f"| {name} | {view} | " + " | ".join(f"{number:.1f}" for number in numbers) + " |")
                print(rows[-1], flush=True)
        chromium = browser.version
        browser.close()
    report = REPORT.format(
        command=shlex.join(["python", *sys.argv]),
        rows="\n".join(rows),
        frames=frames,
        cpu=next(
            line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
        ),
        cores=os.cpu_count(),
        load=os.getloadavg()[0],
        system=f"{platform.system()}, Python {platform.python_version()}",
        chromium=chromium,
    )
    TABLE.write_text(report)


if __name__ == "__main__":
    main()
