"""A model's card in the browser: the document that its training wrote, bound closer than a page."""

from __future__ import annotations

import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from models.workspace import Workspace
from tests.support.pact import Table, sit_down


@pytest.fixture
def table(trained: Workspace, tmp_path: Path) -> Iterator[Table]:
    shutil.copytree(trained.folder, tmp_path / "halden")
    with sit_down(Workspace(tmp_path / "halden")) as found:
        yield found


def test_the_card_is_shown_with_its_figures_and_a_way_back(table: Table):
    model = table.workspace.champion().name
    [address] = re.findall(r'href="(/model/card/\w+)"', table.page("/model"))
    page = table.page(address)
    written = (table.workspace.home / "cards" / model / "card.html").read_text("utf-8")
    assert '<svg class="chart"' in written
    assert '<a href="/model">Model</a> \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} Card' in page
    assert page.partition("<h1>")[2] == written.partition("<h1>")[2]


def test_only_its_own_style_sheet_applies_and_no_script_may_run(table: Table):
    answer = table.open("marketing", f"/model/card/{table.workspace.champion().name}")
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    told = dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["content-security-policy"].split(";")
    )
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert told["style-src"] == f"'sha256-{digest}'"
    assert told["default-src"] == told["form-action"] == told["frame-ancestors"] == "'none'"
    assert "script-src" not in told
    assert "style=" not in answer.text


def test_no_link_leads_to_a_card_that_is_not_here(table: Table):
    model = table.workspace.champion().name
    shutil.rmtree(table.workspace.home / "cards")
    page = table.page("/model")
    assert "no card of the champion here" in page
    assert "/model/card/" not in page
    answer = table.open("marketing", f"/model/card/{model}")
    assert answer.status_code == 404
    assert f"Model {model} has no card here" in answer.text
