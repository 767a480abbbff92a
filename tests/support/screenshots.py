"""`make screenshots`: every page, light and dark, on a phone and a desk, of a simulated company.

make screenshots ARGS="--only /leads --out .screenshots"
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from models.workspace import Workspace
from tests.support import first_run
from tests.support.tour import EMAIL, REFUSED, Tour, desks, sign_in, tour
from training.pipeline import train
from training.plan import Plan
from training.sample import write_workspace

LEADS = 3000
WIDTHS = (360, 1440)
FIRST_RUN = "/begin"
"""Pages whose states are shown, on an installation that is empty."""
TOUR = {
    "leads": "/leads",
    "lead": "/leads/{lead_id}",
    "rulebook": "/rulebook",
    "proposal": "/proposals/{proposal_id}",
}
"""Picture of the tour -> the page it shows."""


def main() -> None:
    """Make the pictures and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(".screenshots"), help="Folder for them.")
    parser.add_argument("--only", default="", help="Only pages whose route begins so.")
    parser.add_argument("--tour", type=Path, help="Only the tour's pictures, into this folder.")
    asked = parser.parse_args()
    n = 0
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        asked.out.mkdir(parents=True, exist_ok=True)
        if asked.tour is None and FIRST_RUN.startswith(asked.only[: len(FIRST_RUN)]):
            n += shoot_first_run(browser, Path(folder) / "acme", asked.only, asked.out)
        if not asked.only.startswith(FIRST_RUN):
            n += _shoot_company(browser, Path(folder) / "halden", asked)
    print(f"{n} pictures are in {asked.tour or asked.out}")  # noqa: T201


def _shoot_company(browser: Browser, folder: Path, asked: argparse.Namespace) -> int:
    """The pages of a simulated company; how many pictures."""
    workspace = Workspace(folder)
    write_workspace(workspace.folder, LEADS, 7)
    train(Plan(workspace, curve=False))
    with tour(workspace) as found:
        if asked.tour is not None:
            return shoot_tour(browser, found, asked.tour)
        shown = {r: p for r, p in found.pages.items() if r.startswith(asked.only)}
        shown = {r: p for r, p in shown.items() if not r.startswith(FIRST_RUN)}
        return shoot(browser, found, shown, asked.out)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that the machine has."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise SystemExit("chromium is missing; install Debian's package of that name")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def shoot_first_run(browser: Browser, folder: Path, only: str, out: Path) -> int:
    """A picture for each state of each of its steps, scheme and width; how many."""
    context = browser.new_context(reduced_motion="reduce")
    context.add_init_script(first_run.STILL)
    page, n = context.new_page(), 0
    with first_run.begun(folder) as (address, beginning):
        first_run.sign_in(page, address)
        for state in first_run.states(beginning):
            if state.path.startswith(only):
                first_run.open_state(page, address, state)
                n += _pictures(page, out, f"begin-{state.name}")
    context.close()
    return n


def shoot(browser: Browser, found: Tour, pages: dict[str, str], out: Path) -> int:
    """A picture for each page, scheme and width; how many."""
    n = 0
    with desks(browser, found.address) as desk_of:
        for route, path in pages.items():
            name = re.sub(r"[^a-z]+", "-", route).strip("-") or "home"
            open_page(desk_of(route), found.address + path, REFUSED.get(route, 200))
            n += _pictures(desk_of(route), out, name)
    return n


def open_page(page: Page, url: str, expected: int) -> None:
    """Open a page of which a picture is worth something.

    Raises:
        AssertionError: when it answers otherwise than expected.
    """
    answer = page.goto(url, wait_until="networkidle")
    status = None if answer is None else answer.status
    assert status == expected, f"{url} answers {status}, not {expected}"


def _pictures(page: Page, out: Path, name: str) -> int:
    """The page that is open, for each scheme and width; how many."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=True)
    return 2 * len(WIDTHS)


def shoot_tour(browser: Browser, found: Tour, out: Path) -> int:
    """The upper part of a few pages, small enough to keep in git; how many."""
    out.mkdir(parents=True, exist_ok=True)
    page = browser.new_context(viewport={"width": 1040, "height": 520}).new_page()
    sign_in(page, found.address, EMAIL)
    for name, route in TOUR.items():
        open_page(page, found.address + found.pages[route], 200)
        page.screenshot(path=out / f"{name}.jpg", type="jpeg", quality=45)
    page.context.close()
    return len(TOUR)


if __name__ == "__main__":
    main()
