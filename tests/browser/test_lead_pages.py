"""The worklist and a lead's page in a real browser: by mouse, by keys, without scripts."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from models.workspace import Workspace
from tests.browser.test_home import watch
from tests.support.server import key_header

LEADS = {
    "W-1": {"employees": 640, "industry": "logistics", "account_id": "W", "job_title": "COO"},
    "W-2": {"employees": 300, "industry": "retail", "account_id": "W"},
    "W-3": {"job_title": '"><script>window.broken=1</script>'},
}


@pytest.fixture(scope="module")
def written(company: Workspace, address: str) -> str:
    """The address, after a CRM has brought three leads."""
    key = key_header(company.folder)
    calls: list[tuple[str, str, object]] = [
        ("PUT", f"/v1/leads/{name}", {"lead": lead, "owner": "Tom Okafor"})
        for name, lead in LEADS.items()
    ]
    did = {"lead_id": "W-1", "occurred_at": "2026-08-30T09:00:00Z", "kind": "pricing_page"}
    for method, path, body in [*calls, ("POST", "/v1/activities", did)]:
        headers = {"content-type": "application/json", **key}
        request = urllib.request.Request(
            address + path, json.dumps(body).encode(), headers, method=method
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status in (200, 201)
    return address


def test_a_rep_finds_a_lead_by_keys_and_reads_why(page: Page, written: str):
    complaints = watch(page)
    page.goto(f"{written}/leads?q=W-")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".worklist a.lead").first).to_be_focused()
    score = page.locator(".row-score").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".score")).to_have_text(score)
    expect(page.get_by_role("heading", name=f"Why {score}")).to_be_visible()
    page.wait_for_load_state()
    page.goto(f"{written}/leads")
    page.keyboard.press("/")
    expect(page.get_by_label("Search id and fields")).to_be_focused()
    assert complaints == []


def test_keys_can_be_switched_off_and_stay_off(page: Page, written: str):
    page.goto(f"{written}/leads?q=W-")
    switch = page.get_by_label("Keys", exact=True)
    expect(switch).to_be_checked()
    switch.uncheck()
    page.goto(f"{written}/leads?q=W-")
    expect(switch).not_to_be_checked()
    page.keyboard.press("j")
    page.keyboard.press("/")
    expect(page.locator("body")).to_be_focused()
    switch.check()
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(page.locator(".worklist a.lead").first).to_be_focused()


def test_what_if_is_asked_without_scripts(browser: Browser, seat: Any, written: str):
    context = browser.new_context(storage_state=seat, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{written}/leads/W-1")
    page.get_by_label("What if").select_option(label="Budget date given: yes")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("status")).to_contain_text("→")
    context.close()


def test_what_a_form_sent_never_runs(page: Page, written: str):
    for path in ("/leads?q=W-3", "/leads/W-3"):
        page.goto(written + path)
        assert page.evaluate("window.broken") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_are_accessible_and_fit(
    browser: Browser, seat: Any, written: str, scheme: Any, width: int
):
    size = {"width": width, "height": 900}
    context = browser.new_context(storage_state=seat, color_scheme=scheme, viewport=size)
    page = context.new_page()
    for path in ("/leads", "/leads?q=none-like-this", "/leads/W-1", "/leads/nobody"):
        page.goto(written + path)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
