"""Becoming the first admin, signing in and out, as a person meets it in a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from serving.access.people import first_start_link
from serving.storage.database import Database
from tests.support.access import PASSWORD, House
from tests.support.server import free_port


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[House, str]]:
    """A house whose app is served on a port of its own, and its address."""
    house = House(Database(f"sqlite:///{tmp_path / 'store.db'}"))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(house.app, port=port, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive()
    yield house, f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
    house.database.close()


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A browser with and without scripts."""
    found = browser.new_context(java_script_enabled=request.param)
    yield found
    found.close()


def watch(page: Page) -> list[str]:
    """What the browser complains about; reports of the content security policy come here too."""
    told: list[str] = []
    page.on("console", lambda m: told.append(m.text) if m.type in ("error", "warning") else None)
    return told


def accessible(page: Page, *, is_scripted: bool) -> None:
    """No violation that axe knows, and nothing wider than the screen; both need scripts."""
    if not is_scripted:
        return
    found: Any = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    size = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(size)


def test_the_first_admin_signs_out_and_in_again(
    served: tuple[House, str], context: BrowserContext, request: pytest.FixtureRequest
):
    is_scripted = "no scripts" not in request.node.name
    (house, address), page = served, context.new_page()
    page.set_viewport_size({"width": 360, "height": 700})
    link = first_start_link(house.database, house.clock())
    assert link is not None
    complaints = watch(page)
    page.goto(address + link.path)
    expect(page.get_by_role("heading", level=1)).to_have_text("The first admin")
    accessible(page, is_scripted=is_scripted)
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Name").fill("Ada Marsh")
    page.get_by_label("Password, 12").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Become admin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ada Marsh")
    accessible(page, is_scripted=is_scripted)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    accessible(page, is_scripted=is_scripted)
    page.goto(address + "/account")
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ada Marsh")
    assert complaints == []


def test_a_mistake_is_told_beside_its_field(served: tuple[House, str], context: BrowserContext):
    (house, address), page = served, context.new_page()
    link = first_start_link(house.database, house.clock())
    assert link is not None
    page.goto(address + link.path)
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Name").fill("Ada Marsh")
    page.get_by_label("Password, 12").fill("password1234")
    page.get_by_label("The same again").fill("password1234")
    page.get_by_role("button", name="Become admin").click()
    field = page.get_by_label("Password, 12")
    expect(field).to_have_attribute("aria-describedby", "e-password")
    expect(page.locator("#e-password")).to_contain_text("guessed first")
    expect(page.get_by_label("E-mail address")).to_have_value("ada@example.com")
    expect(field).to_have_value("")
