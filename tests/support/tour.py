"""Every page there is, of a company whose store is full: derived from the app, so that a page that
somebody adds is in it by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from models.workspace import Workspace
from serving.access import people
from serving.guarding import _routes
from serving.storage.database import Database
from tests.support.access import PASSWORD, add_person
from tests.support.quarrel import HOUR, Quarrel, person
from tests.support.seed import seed
from tests.support.server import call, key_header, served
from tests.support.service import make_app, make_worker

EMAIL, REP = "mia@halden.example", "rita@halden.example"
ADMIN, SCIENTIST = "ada@halden.example", "sam@halden.example"
PEOPLE = {
    EMAIL: ("marketing", "Mia Lindqvist"),
    REP: ("sales", "Rita Mensah"),
    ADMIN: ("admin", "Ada Marsh"),
    SCIENTIST: ("data_science", "Sam Ito"),
}
"""Who opens pages: role and name."""
QUEUE = "/handoffs, as sales"
REPLAYED = "/proposals/{proposal_id}, with the leads that cross"
OPENED_BY = {"/access": ADMIN, "/health": ADMIN, "/model": SCIENTIST, QUEUE: REP}
"""Pages of which a marketer sees less, or nothing, and one that sales sees otherwise."""
UNTIL = np.datetime64("2026-08-31T12:00:00", "us")
REFUSED = {"/sign-in/provider": 404, "/sign-in/provider/return": 401}
"""Pages that only ever refuse here: this company has no sign-in of its own."""
_FILES = (".csv",)


@dataclass(frozen=True)
class Tour:
    """A served company: folder, address, and every page's route -> a path that is one of it."""

    folder: Path
    address: str
    pages: dict[str, str]


class NoWayToFill(Exception):
    """A page has a parameter that this module knows no value for."""


def page_routes(routes: Iterable[Any]) -> list[str]:
    """Routes of pages, in alphabetical order: what is read by GET and stands in no API."""
    found = {
        route.path
        for route in _routes(routes)
        if "GET" in (getattr(route, "methods", None) or ())
        and not getattr(route, "include_in_schema", True)
    }
    return sorted(path for path in found if _is_page(path))


def _is_page(path: str) -> bool:
    # Swagger's page under /docs is another's.
    return not path.endswith(_FILES) and not path.startswith(("/docs", "/openapi"))


@contextmanager
def tour(workspace: Workspace, leads: int = 60) -> Iterator[Tour]:
    """Fill the store of a workspace, serve it, and list its pages."""
    workspace.home.mkdir(parents=True, exist_ok=True)
    ids = seed(workspace, f"sqlite:///{workspace.store}", leads, UNTIL)
    database = Database(f"sqlite:///{workspace.store}")
    # The clock is the service's own: a session of that day would have ended long ago.
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")
    callers = {
        email: person(add_person(database, email, role, name, now), role, name)
        for email, (role, name) in PEOPLE.items()
    }
    with database.transaction() as connection:
        _, link = people.add_person(connection, "test", "new@halden.example", "Ida", "sales", now)
    told = _quarrel(Quarrel(workspace, database, callers[EMAIL], callers[REP]), now)
    with served(workspace.folder) as address:
        values = _values(address, workspace.folder) | told
        values |= {"lead_id": ids[-1], "token": link.secret}
        paths = page_routes(make_app(make_worker(workspace)).routes)
        pages = {path: fill(path, values) for path in paths}
        pages |= {QUEUE: "/handoffs", REPLAYED: f"/proposals/{values['proposal_id']}?leads=1"}
        yield Tour(workspace.folder, address, pages)
    database.close()


def _quarrel(both: Quarrel, now: np.datetime64) -> dict[str, str]:
    """What waits, is late, came back, is contested, stands to be signed; ids by parameter."""
    both.begin(UNTIL)
    both.disagree(UNTIL + HOUR, both.challenge())
    # By now the horizon of some leads is over: a replay has what it is to judge by.
    proposal_id, wish_id = both.propose(now - HOUR)
    both.hand_over(now - HOUR, ["H-5", "H-6"])
    both.bring_back(now, "H-6")
    return {"proposal_id": proposal_id, "wish_id": wish_id}


def sign_in(page: Page, address: str, email: str) -> None:
    """As one of the tour, in a browser."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    # A load that the next page cuts off would count as that page's complaint.
    page.wait_for_url(f"{address}/", wait_until="networkidle")


@contextmanager
def desks(browser: Browser, address: str) -> Iterator[Callable[[str], Page]]:
    """Pages of people who have signed in; route -> that of the one who opens it."""
    contexts = {who: browser.new_context(reduced_motion="reduce") for who in PEOPLE}
    found = {who: context.new_page() for who, context in contexts.items()}
    for who, page in found.items():
        sign_in(page, address, who)
    yield lambda route: found[OPENED_BY.get(route, EMAIL)]
    for context in contexts.values():
        context.close()


def fill(path: str, values: dict[str, str]) -> str:
    """An address of this route.

    Raises:
        NoWayToFill: naming the parameter.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1].partition(":")[0]
        if name not in values:
            raise NoWayToFill(f"{path}: say in {__name__}._values what {name} is")
        return values[name]

    return re.sub(r"\{([^}]+)\}", value, path)


def _values(address: str, folder: Path) -> dict[str, str]:
    """Path parameter -> one that is there."""
    status, _, text = call(address, "GET", "/v1/editions", **key_header(folder, "marketing"))
    assert status == 200, text
    edition = json.loads(text)["editions"][0]
    return {"edition": edition["name"], "step": "lead", "model": Workspace(folder).champion().name}
