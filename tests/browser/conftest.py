"""A real browser on a real service: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models.workspace import Workspace
from serving.storage.database import Database
from tests.conftest import missing
from tests.support.access import PASSWORD, add_person
from tests.support.server import served

EMAIL = "mia@halden.example"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The browser that the machine has; none is downloaded."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("chromium")
    quiet = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
    more = ["--disable-component-update", "--disable-sync", "--no-first-run"]
    return browser_type_launch_args | {"executable_path": found, "args": [*quiet, *more]}


@pytest.fixture(scope="session")
def company(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The simulated company with a record of its own, which these tests fill."""
    folder = tmp_path_factory.mktemp("browser") / "halden"
    shutil.copytree(trained.folder, folder)
    return Workspace(folder)


@pytest.fixture(scope="session")
def address(company: Workspace) -> Iterator[str]:
    """Where it is served."""
    with served(company.folder) as found:
        yield found


@pytest.fixture(scope="session")
def seat(company: Workspace, address: str, browser: Browser) -> Any:
    """The state of a browser in which a marketer has signed in."""
    database = Database(f"sqlite:///{company.store}")
    add_person(database, EMAIL, "marketing")
    database.close()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Score a lead")).to_be_visible()
    found = context.storage_state()
    context.close()
    return found


@pytest.fixture
def page(browser: Browser, seat: Any) -> Iterator[Page]:
    """A page of that browser."""
    context = browser.new_context(storage_state=seat)
    yield context.new_page()
    context.close()
