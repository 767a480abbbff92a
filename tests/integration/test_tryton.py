"""Against a real Tryton server: leads come, a model learns from them, scores stand in Tryton."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from serving.client import LeadpactClient
from serving.connectors.tryton import connecting
from serving.connectors.tryton.marks import Marks
from serving.connectors.tryton.notes import note_of, remove_of_gone
from serving.connectors.tryton.rpc import Tryton, TrytonRefused
from tests.conftest import missing
from tests.support.cli import Ran, run
from tests.support.server import key_header, served
from tests.support.tryton import BIN, DATABASE, PASSWORD, USER, Sellers, tryton_server

LEADS, WORKED = 120, 100
FILES = Path(__file__).parents[1] / "support" / "tryton_workspace"
STOPS = (
    ("sale.opportunity.read", False),
    ("ir.note.create", False),
    ("ir.note.create", True),
    ("ir.note.delete", False),
)
"""Where a round is killed, one after the other, and whether Tryton had done it by then."""
HOSTILE = "=HYPERLINK(1)<script>alert(1)</script>"


class Company:
    """Tryton, Leadpact, and what is between."""

    def __init__(self, tryton: str, http: httpx2.Client, folder: Path) -> None:
        self.tryton, self.folder = tryton, folder
        self.sellers = Sellers(http)
        self.truth: dict[int, str] = {}

    def connect(self, service: str, *more: str) -> Ran:
        """`leadpact connect tryton`."""
        key = key_header(self.folder)["authorization"].removeprefix("Bearer ")
        told = {"TRYTON_PASSWORD": PASSWORD, "LEADPACT_KEY": key}
        where = ("--url", self.tryton, "--database", DATABASE, "--user", USER)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in told.items():
                patch.setenv(name, value)
            service_ = ("--service", service, "-w", str(self.folder), "--json")
            return run("connect", "tryton", *where, *service_, *more)

    def client(self, service: str) -> LeadpactClient:
        key = key_header(self.folder)["authorization"].removeprefix("Bearer ")
        return LeadpactClient(service, key)


def workspace(folder: Path) -> None:
    """A workspace that knows no outcome: its first model is the rulebook alone."""
    for file in FILES.iterdir():
        shutil.copy(file, folder)
    row = '{"lead_id": "0", "created_at": "2026-01-05T00:00:00Z", "expected_amount": 10}\n'
    (folder / "leads.ndjson").write_text(row)
    for name in ("activities.ndjson", "outcomes.ndjson"):
        (folder / name).write_text("\n")


def fill(sellers: Sellers) -> dict[int, str]:
    """Large deals and those met at a fair are won more often."""
    random = np.random.default_rng(5)
    amounts = random.integers(100, 10_000, LEADS)
    fairs = random.random(LEADS) < 0.4
    today = datetime.now(UTC).date()
    days = random.integers(5, 80, LEADS)
    leads = [
        ("fair" if fair else "web", int(amount), today - timedelta(int(day)))
        for fair, amount, day in zip(fairs, amounts, days, strict=True)
    ]
    ids = sellers.lead(leads)
    won = random.random(LEADS) < 1 / (1 + np.exp(2.5 - amounts / 3000 - 1.2 * fairs))
    worked = range(WORKED)
    sellers.win([ids[i] for i in worked if won[i]])
    sellers.lose([ids[i] for i in worked if not won[i] and i % 10])
    sellers.cancel([ids[i] for i in worked if not won[i] and not i % 10])
    return sellers.states(ids)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    if not BIN.is_dir():
        missing("A Tryton server (make .venv-tryton/.done)")
    server, folder = tmp_path_factory.mktemp("tryton"), tmp_path_factory.mktemp("workspace")
    with (
        tryton_server(server) as address,
        httpx2.Client(base_url=address, timeout=60) as http,
    ):
        found = Company(address, http, folder)
        found.truth = fill(found.sellers)
        workspace(folder)
        yield found


class Stopped(Exception):
    """As if the process had been killed there."""


def snapshot(client: LeadpactClient, sellers: Sellers, ids: list[int]) -> dict[int, Any]:
    """All that a round can change: stages, scores and events here, notes there."""
    notes, found = sellers.notes(ids), {}
    for one in ids:
        lead = client.get_lead(f"tryton-{one}")
        events = client.timeline(f"tryton-{one}").model_dump(mode="json")
        assert lead.score is not None
        found[one] = (lead.stage, lead.score.score, notes[one], events)
    return found


def killed_at(stop: str, *, after: bool) -> Any:
    """A Tryton that is never heard of again once this method is called: before it does anything, or
    after it did all."""
    true = Tryton.call

    def counted(self: Tryton, method: str, *values: Any, **context: Any) -> Any:
        if method == stop and not after:
            raise Stopped
        found = true(self, method, *values, **context)
        if method == stop:
            raise Stopped
        return found

    return counted


def test_from_tryton_s_leads_to_a_model_and_back_to_notes(company: Company):
    folder, sellers = company.folder, company.sellers
    assert run("train", "-w", folder, "--json").code == 0
    with served(folder) as service, company.client(service) as client:
        # Leads of the past come in, with what became of them.
        first = company.connect(service)
        assert (first.code, first.err) == (0, ""), first
        stages = {lead.id: lead.stage for lead in client.leads(limit=200)}
        expected = {"won": "won", "lost": "lost", "cancelled": "excluded"}
        assert {f"tryton-{k}" for k in company.truth} == set(stages)
        for one, state in company.truth.items():
            is_closed = stages[f"tryton-{one}"] in expected.values()
            assert is_closed == (state in expected), (one, state)
            assert not is_closed or stages[f"tryton-{one}"] == expected[state]
        assert first.json["notes"] == LEADS
        # Done again, nothing moves.
        again = company.connect(service)
        assert again.code == 0
        assert again.json["notes"] == 0
        assert "stored" not in again.json["taken"]

    # A model is learned from them.
    copy = folder / "history"
    assert run("export-training", "-w", folder, "--to", copy).code == 0
    sources = ("leads", "activities", "outcomes")
    files = [part for name in sources for part in (f"--{name}", copy / f"{name}.ndjson")]
    trained = run("train", "-w", folder, *files, "--json")
    assert trained.code == 0, trained.err
    assert run("promote", "-w", folder).code == 0

    # New leads get its scores, and people read them in Tryton.
    with served(folder) as service, company.client(service) as client:
        today = datetime.now(UTC).date()
        new = sellers.lead(
            [(text, 2000 * n, today) for n in range(1, 5) for text in ("fair", "web")]
        )
        hostile = sellers.lead([(HOSTILE, 9000, today)])
        theirs = sellers.note(new[0], "They called; budget is there.")
        second = company.connect(service)
        assert second.code == 0, second.err
        notes = sellers.notes([*new, *hostile])
        for one in [*new, *hostile]:
            score = client.get_lead(f"tryton-{one}").score
            assert score is not None
            assert score.versions.model == trained.json["model"]
            ours = [text for text in notes[one] if text.startswith("Leadpact score: ")]
            assert ours == [note_of(score)]
        assert "They called; budget is there." in notes[new[0]]
        told = client.timeline(f"tryton-{new[0]}")
        assert f"tryton-note-{theirs}" in told.model_dump_json()

        # Whoever is killed and run again leaves the same.
        late = sellers.lead([("fair", 3000, today), ("web", 500, today)])
        sellers.lose(late[1:])
        sellers.note(late[0], "Leadpact score: 1 of 100, as it was told long ago")
        path = folder / ".leadpact" / "tryton.json"
        for stop, after in STOPS:
            marks = Marks.read(path, f"{company.tryton} {DATABASE}")
            tryton = Tryton(sellers.http, DATABASE, USER, PASSWORD)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Tryton, "call", killed_at(stop, after=after))
                with pytest.raises(Stopped):
                    connecting.connect(tryton, client, marks)
        assert company.connect(service).code == 0
        everyone = [*new, *late]
        stopped = snapshot(client, sellers, everyone)
        assert company.connect(service, "--since", "2020-01-01T00:00:00Z").json["notes"] == 0
        assert snapshot(client, sellers, everyone) == stopped
        assert all(len(notes) - (one == new[0]) == 1 for one, (_, _, notes, _) in stopped.items())
        assert stopped[late[1]][0] == "lost"

        # Of a lead that is gone, such as an erased person's, no score stays behind.
        tryton = Tryton(sellers.http, DATABASE, USER, PASSWORD)
        known = {int(lead.id.removeprefix("tryton-")) for lead in client.leads(limit=200)}
        assert remove_of_gone(tryton, known) == 0
        assert remove_of_gone(tryton, known - {late[0]}) == 1
        assert sellers.notes([late[0]])[late[0]] == []


def test_a_wrong_password_is_told_and_tried_once(company: Company):
    with (
        httpx2.Client(base_url=company.tryton, timeout=60) as http,
        pytest.raises(TrytonRefused, match="name or password are wrong"),
    ):
        Tryton(http, DATABASE, "nobody", PASSWORD)
