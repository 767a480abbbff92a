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
from tests.support.access import PASSWORD
from tests.support.tour import EMAIL, Tour, tour
from training.pipeline import train
from training.plan import Plan
from training.sample import write_workspace

LEADS = 3000
WIDTHS = (360, 1440)
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
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "halden")
        write_workspace(workspace.folder, LEADS, 7)
        train(Plan(workspace, curve=False))
        with tour(workspace) as found, chromium() as browser:
            if asked.tour is not None:
                shoot_tour(browser, found, asked.tour)
                return
            shown = {r: p for r, p in found.pages.items() if r.startswith(asked.only)}
            asked.out.mkdir(parents=True, exist_ok=True)
            n = shoot(browser, found, shown, asked.out)
    print(f"{n} pictures of {len(shown)} pages are in {asked.out}")  # noqa: T201


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


def sign_in(page: Page, address: str) -> None:
    """As the marketer of the tour."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


def shoot(browser: Browser, found: Tour, pages: dict[str, str], out: Path) -> int:
    """A picture for each page, scheme and width; how many."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, found.address)
    n = 0
    for route, path in pages.items():
        name = re.sub(r"[^a-z]+", "-", route).strip("-") or "home"
        page.goto(found.address + path, wait_until="networkidle")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=True)
                n += 1
    context.close()
    return n


def shoot_tour(browser: Browser, found: Tour, out: Path) -> None:
    """The upper part of a few pages, small enough to keep in git."""
    out.mkdir(parents=True, exist_ok=True)
    page = browser.new_context(viewport={"width": 1040, "height": 520}).new_page()
    sign_in(page, found.address)
    for name, route in TOUR.items():
        page.goto(found.address + found.pages[route], wait_until="networkidle")
        page.screenshot(path=out / f"{name}.jpg", type="jpeg", quality=45)
    page.context.close()


if __name__ == "__main__":
    main()
