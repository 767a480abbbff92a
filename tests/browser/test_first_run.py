"""An empty installation walks from a CSV to the first explained lead, in the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from tests.support.access import PASSWORD
from tests.support.cli import run
from tests.support.server import call, key_header, started

LEARNING = 90_000
"""Milliseconds that a training of 600 leads may take on a busy machine."""


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def empty(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """An admin's browser on an installation that has nothing yet: page, address, folder."""
    folder = tmp_path / "acme"
    with started(folder, up="/healthz", log=tmp_path / "log") as (_, address):
        made = run("access", "first-link", "-w", folder)
        link = re.search(r"/link/\S+", made.out)
        assert link is not None, made.out + made.err
        context = browser.new_context(java_script_enabled=request.param)
        page = context.new_page()
        page.goto(address + link[0])
        page.get_by_label("E-mail address").fill("ada@example.com")
        page.get_by_label("Name").fill("Ada Marsh")
        page.get_by_label("Password, 12").fill(PASSWORD)
        page.get_by_label("The same again").fill(PASSWORD)
        page.get_by_role("button", name="Become admin").click()
        page.get_by_role("link", name="Go to Leadpact").click()
        yield page, address, folder
        context.close()


def export(path: Path, n: int = 600) -> Path:
    """What a CRM exports: semicolons, Latin-1, a column that is filled after the call."""
    rng = np.random.default_rng(7)
    employees = rng.integers(5, 900, n)
    source = rng.choice(["Webinar", "Messe Köln", "Referral"], n)
    odds = -2.2 + 1.6 * (employees > 200) + 1.2 * (source == "Referral")
    won = rng.random(n) < 1 / (1 + np.exp(-odds))
    days = pd.date_range("2025-01-01", periods=n, freq="12h").strftime("%Y-%m-%d %H:%M")
    table = pd.DataFrame(
        {
            "Lead No": [f"A-{i}" for i in range(n)],
            "Created": days,
            "Employees": employees,
            "Lead Source": source,
            "Visits": rng.poisson(3, n),
            "Call result": np.where(won, "signed", rng.choice(["no answer", "not now"], n)),
            "Converted": np.where(won, "1", "0"),
        }
    )
    table.to_csv(path, sep=";", index=False, encoding="latin-1")
    return path


def with_a_ragged_line(path: Path) -> Path:
    """The export, and a copy of it whose last line has two cells."""
    ragged = path.with_name("ragged.csv")
    ragged.write_bytes(export(path).read_bytes() + b"broken;=1+1\n")
    return ragged


def won_not(path: Path) -> pd.DataFrame:
    """Its leads that have not converted."""
    table = pd.read_csv(path, sep=";", encoding="latin-1", dtype=str)
    return table[table["Converted"] == "0"]


def test_a_csv_becomes_the_first_explained_lead(empty: Any, tmp_path: Path):
    page, address, folder = empty
    expect(page.get_by_role("heading", level=1)).to_have_text("Bring leads")
    page.get_by_role("button", name="Bring these leads").click()
    expect(page.locator("#e-leads")).to_contain_text("Choose the file")
    broken = tmp_path / "book.xlsx"
    broken.write_bytes(b"PK\x03\x04 a workbook")
    page.get_by_label("Leads (CSV)").set_input_files(broken)
    page.get_by_role("button", name="Bring these leads").click()
    expect(page.locator("#e-leads")).to_contain_text("save the sheet as CSV")
    page.get_by_label("Leads (CSV)").set_input_files(with_a_ragged_line(tmp_path / "crm.csv"))
    page.get_by_role("button", name="Bring these leads").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Name the columns")
    for label, value in (("Outcome", "Converted"), ("Lead's id", "Lead No"), ("When", "Created")):
        expect(page.get_by_label(label)).to_have_value(value)
    expect(page.get_by_text("Messe Köln", exact=False)).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("lines of leads set aside.")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download them").click()
    assert Path(download.value.path()).read_text("utf-8").splitlines()[1].endswith(",broken,'=1+1")
    page.get_by_label("Outcome").select_option("Lead Source")
    page.get_by_role("button", name="Draft").click()
    expect(page.locator("#e-converted")).to_contain_text("conversion", timeout=30_000)
    page.get_by_label("Outcome").select_option("Converted")
    page.get_by_role("button", name="Draft").click()
    expect(page.get_by_label("Use Call result")).not_to_be_checked(timeout=30_000)

    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Read the drafted rulebook")
    points = page.locator(".rule input").first
    points.fill("many")
    page.get_by_role("button", name="Keep these and learn").click()
    expect(page.locator(".rule .error")).to_contain_text("Got 'many'")
    expect(points).to_have_value("many")
    points.fill("12.5")
    page.get_by_role("button", name="Keep these and learn").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Learn")
    expect(page.get_by_role("status")).to_contain_text("stage", timeout=30_000)
    expect(page.locator(".score")).to_be_visible(timeout=LEARNING)
    expect(page.get_by_role("heading", name="Why")).to_be_visible()
    assert "points: 12.5" in (folder / "rulebook.yaml").read_text("utf-8")
    assert "Call result" not in page.inner_text("main")
    page.goto(f"{address}/leads")
    kept = int(re.findall(r"([\d,]+) open", page.inner_text("main"))[0].replace(",", ""))
    assert kept == len(won_not(tmp_path / "crm.csv")), "who converted is not called again"


@pytest.mark.parametrize("empty", [True], indirect=True, ids=["scripts"])
def test_beginning_with_none_serves_what_is_agreed_until_leads_come(empty: Any):
    page, address, folder = empty
    page.get_by_role("button", name="Begin with no leads").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Read the drafted rulebook", timeout=30_000)
    page.goto(f"{address}/begin/columns")
    expect(heading).to_have_text("Read the drafted rulebook")
    page.locator("#p-demo_request").fill("25")
    page.get_by_role("button", name="Keep these and begin").click()
    expect(heading).to_have_text("Your first lead", timeout=LEARNING)
    expect(page.get_by_text("no lead has come yet")).to_be_visible()

    page.get_by_role("link", name="Score a lead by hand").click()
    page.get_by_label("Activity 1: kind").select_option("demo_request")
    page.get_by_role("button", name="Score this lead").click()
    answer = page.locator(".verdict")
    expect(answer).to_contain_text("Agreed 75, with what was learned 75")
    key = key_header(folder)
    sent = {"lead": {"job_title": "Head of Operations", "created_at": "2026-08-03T09:12:00Z"}}
    assert call(address, "PUT", "/v1/leads/L-1", sent, **key)[0] == 201
    page.goto(f"{address}/begin")
    expect(page.locator(".score")).to_have_text("40")
