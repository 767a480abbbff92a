"""What a reader waits for every page, and what it weighs, on loopback.

    make bench-pages ARGS="--times 7"

First contentful paint is the browser's own figure (W3C Paint Timing), from the request to the
first text or picture on the screen; each page is loaded anew so often, in a browser that is warm.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from models.workspace import Workspace
from tests.support.screenshots import LEADS, chromium
from tests.support.tour import Tour, desks, tour
from training.pipeline import train
from training.plan import Plan
from training.sample import write_workspace

_PAINT = """() => new Promise(done => new PerformanceObserver(list => {
  const found = list.getEntriesByName('first-contentful-paint');
  if (found.length) done(found[0].startTime);
}).observe({type: 'paint', buffered: true}))"""


def main() -> None:
    """Print a line for each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="How often each page is loaded.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "halden")
        write_workspace(workspace.folder, LEADS, 7)
        train(Plan(workspace, curve=False))
        with tour(workspace) as found, chromium() as browser:
            rows = measure(browser, found, asked.times)
    print("| page | first paint, ms: median | most | bytes | requests |\n|---|---|---|---|---|")  # noqa: T201
    for row in rows:
        print("| " + " | ".join(row) + " |")  # noqa: T201


def measure(browser: Browser, found: Tour, times: int) -> list[tuple[str, ...]]:
    """Route, median and most of the first paint in milliseconds, bytes and requests."""
    with desks(browser, found.address) as desk_of:
        return [_row(desk_of(route), route, found, times) for route in found.pages]


def _row(page: Page, route: str, found: Tour, times: int) -> tuple[str, ...]:
    paints, sizes = [], []

    def take(response: Any) -> None:
        sizes.append(response.request.sizes()["responseBodySize"])

    page.on("response", take)
    for _ in range(times):
        page.goto(found.address + found.pages[route], wait_until="networkidle")
        paints.append(float(page.evaluate(_PAINT)))
    page.remove_listener("response", take)
    told = statistics.median(paints), max(paints), sum(sizes) / times, len(sizes) / times
    return (f"`{route}`", *(f"{n:,.0f}" for n in told))


if __name__ == "__main__":
    main()
