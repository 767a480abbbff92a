"""What a form of a page cannot take is told beside its control, and what was typed stays."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from models.workspace import Workspace
from tests.support.access import token_in
from tests.support.pact import Table, sit_down


@pytest.fixture
def table(trained: Workspace) -> Iterator[Table]:
    with sit_down(trained) as found:
        yield found


def send(table: Table, page: str, path: str, **typed: str) -> tuple[int, str]:
    headers = table._headers["sales"]
    token = token_in(table.client.get(page, headers=headers).text)
    answer = table.client.post(path, data={"form_token": token, **typed}, headers=headers)
    return answer.status_code, answer.text


def told_at(html: str, control: str) -> str:
    """What is told at a control, by its id; the control says so too."""
    assert re.search(rf'id="{control}"[^>]*aria-invalid="true"', html), html[:2000]
    names = re.search(rf'id="{control}"[^>]*aria-describedby="(e-[a-z]+)"', html)
    assert names is not None
    found = re.search(rf'id="{names[1]}">([^<]+)<', html)
    assert found is not None
    return found[1]


def test_a_view_that_cannot_be_kept_keeps_its_name_and_its_filters(table: Table):
    assert send(table, "/leads", "/leads", name="mine", grade="A")[0] == 303
    status, page = send(table, "/leads?grade=A", "/leads", name="mine", grade="A")
    assert status == 422
    assert "You have a view called" in told_at(page, "view-name")
    assert 'id="view-name" name="name" maxlength="60" value="mine"' in page
    assert re.search(r"<option selected>A</option>", page)


def test_a_report_about_nothing_keeps_its_words(table: Table):
    words = "They buy from a rival."
    status, page = send(table, "/handoffs", "/reports", about="account", subject="", text=words)
    assert (status, words in page) == (422, True)
    assert "which account or criterion" in told_at(page, "subject")
    status, page = send(table, "/handoffs", "/reports", about="criterion", subject="tiny", text="")
    assert status == 422
    assert "Say what you see" in told_at(page, "text")
    assert 'value="tiny"' in page
    status, page = send(table, "/handoffs", "/reports", about="criterion", subject="no", text="x")
    assert (status, bool(told_at(page, "subject"))) == (422, True)
