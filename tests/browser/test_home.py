"""The page at `/` as a person meets it."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

HOSTILE = '"><img src=x onerror="window.broken=1"><script>window.broken=1</script>'


def watch(page: Page) -> list[str]:
    """Everything the browser complains about: errors, refused loads, policy reports."""
    told: list[str] = []
    page.on("console", lambda m: told.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: told.append(str(e)))
    # What the page before was still loading is given up by the browser itself.
    page.on(
        "requestfailed",
        lambda r: None if r.failure == "net::ERR_ABORTED" else told.append(r.url),
    )
    return told


def number(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-").replace("+", ""))


def test_the_example_lead_is_scored_and_the_shown_lines_add_up(page: Page, address: str):
    complaints = watch(page)
    page.goto(address)
    expect(page.get_by_role("heading", name="Score a lead")).to_be_visible()
    rows = page.locator(".waterfall tbody tr")
    shown = [
        sum(number(rows.nth(i).locator(".pts").nth(k).inner_text()) for k in (0, 1))
        for i in range(rows.count())
    ]
    total = number(page.locator(".waterfall tfoot strong").inner_text())
    assert sum(shown) == pytest.approx(total, abs=1e-9)
    score = number(page.locator(".score").inner_text())
    assert abs(score - min(max(total, 0), 100)) <= 0.55
    assert "in 100 leads like this convert within 90 days" in page.inner_text(".says")
    assert page.get_by_text("Simulated company").is_visible()
    assert complaints == []


def test_a_lead_typed_by_keyboard_alone_is_scored(page: Page, address: str):
    page.goto(f"{address}/?empty=1")
    assert page.locator(".score").count() == 0
    page.get_by_label("Job title").focus()
    page.keyboard.type("Head of Operations")
    page.keyboard.press("Tab")
    page.keyboard.type("640")
    page.keyboard.press("Enter")
    expect(page.locator(".score")).to_be_visible()
    assert page.get_by_label("Employees").input_value() == "640"
    page.get_by_label("Activity 1: kind").select_option("webinar_attended")
    before = number(page.locator(".score").inner_text())
    page.get_by_role("button", name="Score this lead").press("Enter")
    expect(page.locator(".waterfall").get_by_text("Attended a webinar")).to_be_visible()
    assert number(page.locator(".score").inner_text()) > before


def test_what_cannot_be_taken_is_named_beside_its_field_and_nothing_typed_is_lost(
    page: Page, address: str
):
    page.goto(f"{address}/?empty=1")
    page.get_by_label("Employees").fill("about forty")
    page.get_by_label("Industry").fill("logistics")
    page.get_by_label("Activity 1: kind").select_option("email_open")
    page.locator("[name=days-ago-0]").fill("soon")
    page.get_by_role("button", name="Score this lead").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Employees: A number was expected.")
    expect(alert).to_contain_text("Days ago is 'soon'")
    field = page.get_by_label("Employees")
    assert field.input_value() == "about forty"
    assert page.get_by_label("Industry").input_value() == "logistics"
    described = field.get_attribute("aria-describedby")
    expect(page.locator(f"#{described}")).to_contain_text("Allowed: a number from 1")


def test_hostile_text_is_shown_and_never_run(page: Page, address: str):
    complaints = watch(page)
    page.goto(f"{address}/?empty=1")
    for name in ("Industry", "Source", "What the lead asks for", "Job title", "E-mail"):
        page.get_by_label(name, exact=False).first.fill(HOSTILE)
    page.get_by_role("button", name="Score this lead").click()
    expect(page.locator(".score")).to_be_visible()
    assert page.get_by_label("Industry").input_value() == HOSTILE
    assert page.evaluate("window.broken") is None
    assert complaints == []


def test_the_page_works_without_scripts(browser: Browser, seat: Any, address: str):
    context = browser.new_context(storage_state=seat, java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Employees").fill("90")
    page.get_by_role("button", name="Score this lead").click()
    expect(page.locator(".score")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_is_accessible_and_fits(
    browser: Browser, seat: Any, address: str, scheme: Any, width: int
):
    context = browser.new_context(
        storage_state=seat, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    for path in ("/", "/?empty=1"):
        page.goto(address + path)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_the_page_is_light(page: Page, address: str):
    sizes: list[int] = []
    page.on("response", lambda r: sizes.append(len(r.body())))
    page.goto(address, wait_until="networkidle")
    assert len(sizes) <= 6
    assert sum(sizes) < 100_000
