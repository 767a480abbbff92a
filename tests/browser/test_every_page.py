"""What holds on every page of the app, whoever adds one: derived from its routes, not listed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from features.rulebook.document import Rulebook
from models.workspace import Workspace
from tests.browser.test_home import watch
from tests.support.first_run import STILL, begun, open_state, sign_in, states
from tests.support.screenshots import open_page
from tests.support.service import make_app, make_worker
from tests.support.tour import (
    QUEUE,
    REFUSED,
    REPLAYED,
    NoWayToFill,
    Tour,
    desks,
    fill,
    page_routes,
    tour,
)

MOST_BYTES, MOST_REQUESTS = 60_000, 6
WIDTHS, SCHEMES = (360, 1440), ("light", "dark")
_AXE = "axe.run({resultTypes: ['violations']})"
_LIST = (
    """found => found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target).join(', '))"""
)
_UNTOLD = """() => [...document.querySelectorAll('main svg')].filter(svg => {
  if (svg.closest('[aria-hidden=true]') || svg.parentElement.closest('svg')) return false;
  const told = (svg.getAttribute('aria-labelledby') || '').split(' ')
    .map(id => id && document.getElementById(id)).filter(Boolean);
  const says = told.length ? told : [...svg.querySelectorAll(':scope > title, :scope > desc')];
  const place = svg.closest('figure, section, .card, form') || document;
  return says.length < 2 || says.some(e => !e.textContent.trim()) || !place.querySelector('table');
}).map(svg => svg.outerHTML.slice(0, 200))"""
_UNPRINTED = """() => [...document.querySelectorAll(
    'main :is(h1, h2, h3, table, figure, pre, .signed, .rule, .rule-control, #yaml)')]
  .filter(e => !e.closest('nav, .on-screen, form:not(.prints)'))
  .filter(e => !e.checkVisibility({checkVisibilityCSS: true}))
  .map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 60))"""
_INVISIBLE = """() => [...document.querySelectorAll('main svg')].filter(svg => {
  const paper = getComputedStyle(document.body).backgroundColor;
  const drawn = [...svg.querySelectorAll('line, rect, path, circle, polyline, text')];
  return drawn.length && drawn.every(e => {
    const s = getComputedStyle(e);
    return [s.fill, s.stroke].every(c => c === 'none' || c === paper);
  });
}).map(svg => svg.outerHTML.slice(0, 200))"""


PAPER: dict[str, dict[str, Callable[[Rulebook], int]]] = {
    "/rulebook": {".evidence .signed": lambda b: len(b.criteria)},
    "/proposals/{proposal_id}": {
        ".rule-control .signed": lambda b: len((*b.criteria, *b.disqualifiers)),
        "#yaml": lambda _b: 1,
    },
    "/rulebook/editions/{edition}": {"pre": lambda _b: 1},
    "/model": {"figure table": lambda _b: 3},
}
"""Page -> what it says on paper, and how often: sentences, the text, tables of figures."""


QUARREL = {
    QUEUE: (" late, was due ", "Accept", "Return…", "call by ", "decide by "),
    "/handoffs": ("They froze all purchases.", "Recycle", "They come for the wine."),
    "/disputes": ("1 open, 2 settled", "contested by marketing", "challenger "),
    "/model": ("Challenger: leads", "Promote ", "Reject it"),
    "/proposals/{proposal_id}": ("signed by sales", "Sign as Mia", "Hand-overs of each week"),
    REPLAYED: ("Would join it, those that move furthest", "Join it: "),
}
"""Page -> what stands on it because people did something."""


@pytest.fixture(scope="module")
def toured(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    """A company whose store is full, served."""
    folder = tmp_path_factory.mktemp("tour") / "halden"
    shutil.copytree(trained.folder, folder)
    with tour(Workspace(folder)) as found:
        yield found


@pytest.fixture(scope="module")
def desk_of(toured: Tour, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Route -> a page of whoever opens it, signed in."""
    with desks(browser, toured.address) as found:
        yield found


def test_every_parameter_of_a_page_has_a_value(trained: Workspace):
    routes = page_routes(make_app(make_worker(trained)).routes)
    assert {"/", "/leads", "/leads/{lead_id}", "/account", "/link/{token}"} <= set(routes)
    with pytest.raises(NoWayToFill, match="what lead_id is"):
        fill("/leads/{lead_id}", {})


def test_every_page_holds_what_all_pages_promise(toured: Tour, desk_of: Callable[[str], Page]):
    faults: list[str] = []
    # The first run is over here: its addresses lead to a lead, and its states stand below.
    pages = {r: p for r, p in toured.pages.items() if not r.startswith("/begin")}
    for route, path in pages.items():
        told = _faults(desk_of(route), toured.address + path, REFUSED.get(route, 200))
        faults += [f"{route}: {fault}" for fault in told]
    assert not faults, "\n".join(faults)


def test_the_company_of_the_tour_has_all_that_two_teams_quarrel_about(
    toured: Tour, desk_of: Callable[[str], Page]
):
    for route, texts in QUARREL.items():
        page = desk_of(route)
        page.emulate_media(media="screen")
        page.goto(toured.address + toured.pages[route])
        told = page.locator("main").inner_text()
        missing = [text for text in texts if text not in told]
        assert not missing, (route, missing)


def test_a_picture_of_a_page_that_answers_otherwise_is_not_taken(toured: Tour, browser: Browser):
    context = browser.new_context()
    with pytest.raises(AssertionError, match="answers 404, not 200"):
        open_page(context.new_page(), f"{toured.address}/nothing", 200)
    context.close()


def test_what_was_agreed_and_every_twin_stand_on_paper(
    toured: Tour, desk_of: Callable[[str], Page]
):
    book = Workspace(toured.folder).rulebook()
    for route, places in PAPER.items():
        page = desk_of(route)
        page.goto(toured.address + toured.pages[route])
        page.emulate_media(media="print")
        shown = {place: page.locator(place).filter(visible=True).count() for place in places}
        assert shown == {place: count(book) for place, count in places.items()}, route
        for action in ("button", "input[type=hidden]", "nav a"):
            assert page.locator(action).filter(visible=True).count() == 0, (route, action)


def test_every_state_of_the_first_run_holds_it_too(tmp_path: Path, browser: Browser):
    faults: list[str] = []
    with begun(tmp_path / "acme") as (address, beginning):
        context = browser.new_context(reduced_motion="reduce")
        context.add_init_script(STILL)
        page = context.new_page()
        sign_in(page, address)
        for state in states(beginning):
            opened = _opened(page, address + state.path, 200)
            faults += [f"{state.name}: {fault}" for fault in opened]
            open_state(page, address, state)
            faults += [f"{state.name}: {fault}" for fault in _looks(page)]
        context.close()
    assert not faults, "\n".join(faults)


def _faults(page: Page, url: str, expected: int) -> Iterator[str]:
    """What one page does not hold."""
    faults = [*_opened(page, url, expected)]
    yield from faults
    if not any(fault.startswith("answers") for fault in faults):
        yield from _looks(page)


def _opened(page: Page, url: str, expected: int) -> Iterator[str]:
    """What a page does not hold while it is opened."""
    told, sizes = watch(page), []
    page.on("response", take := lambda r: sizes.append(r.request.sizes()["responseBodySize"]))
    page.emulate_media(media="screen", color_scheme="light", forced_colors="none")
    page.set_viewport_size({"width": 1440, "height": 900})
    answer = page.goto(url, wait_until="networkidle")
    page.remove_listener("response", take)
    if answer is None or answer.status != expected:
        yield f"answers {answer and answer.status}, not {expected}"
        return
    # A browser complains of every page that refuses.
    yield from (f"the browser says {line}" for line in told if expected == 200)
    if sum(sizes) > MOST_BYTES or len(sizes) > MOST_REQUESTS:
        yield f"weighs {sum(sizes):,} bytes in {len(sizes)} requests"


def _looks(page: Page) -> Iterator[str]:
    """What the page that is open does not hold."""
    if not page.title().strip() or page.locator("h1").count() != 1:
        yield f"has the title {page.title()!r} and {page.locator('h1').count()} h1"
    yield from (
        f"a figure without title, description or table: {s}" for s in page.evaluate(_UNTOLD)
    )
    yield from _violations(page)
    yield from _losses(page)


def _violations(page: Page) -> Iterator[str]:
    """What axe finds, and what does not fit a phone; contrast is among what axe looks at."""
    page.evaluate(Axe().axe_script)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide: int = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            yield f"is {wide} px wide at {width}"
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found: list[Any] = page.evaluate(f"{_AXE}.then({_LIST})")
            yield from (f"axe at {width} px, {scheme}: {v}" for v in found)


def faults_of_layout(page: Page) -> list[str]:
    """What a page shows that no page may, in the state that it is in: for pages behind a form."""
    return list(_violations(page))


def _losses(page: Page) -> Iterator[str]:
    """What paper and forced colours do not show."""
    page.emulate_media(color_scheme="light")
    page.emulate_media(media="print")
    yield from (f"print loses {what}" for what in page.evaluate(_UNPRINTED))
    page.emulate_media(media="screen", forced_colors="active")
    yield from (f"forced colours lose {svg}" for svg in page.evaluate(_INVISIBLE))
