"""A CRM's deliveries in any order, cut anywhere and sent twice leave the same leads and the same
scores, on both databases."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from sqlalchemy import Connection, select

from models.scorer import Scorer
from models.workspace import Workspace
from serving.canonical import read
from serving.ingesting.ingest import ingest
from serving.mappings.library import mapping_of
from serving.mappings.translate import translate
from serving.record import Record, persist
from serving.storage.crm_tables import crm_facts, crm_ids
from serving.storage.database import Database
from serving.storage.leads import Filter
from serving.storage.migrate import migrate
from serving.storage.privacy_tables import lead_addresses
from serving.storage.tables import activities, outcomes
from tests.support.service import NOW

MAY = {"leads.write", "events.write", "leads.remove"}
DAY = 86_400_000
FIRST = 1_785_542_400_000
"""1 August 2026, in milliseconds."""
SHUFFLES = 12


def at(day: float) -> str:
    whole, part = divmod(day, 1)
    return f"2026-08-{int(whole):02d}T{int(24 * part):02d}:00:00Z"


def contact(key: int, day: float, **properties: Any) -> tuple[str, Any]:
    told = {"id": str(key), "createdAt": at(1), "updatedAt": at(day), "properties": properties}
    return "hubspot", {"contacts": [told]}


def event(kind: str, key: int, day: float, **more: Any) -> tuple[str, Any]:
    when = FIRST + round((day - 1) * DAY)
    return "hubspot", [{"subscriptionType": kind, "objectId": key, "occurredAt": when, **more}]


def change(key: int, day: float, name: str, value: Any) -> tuple[str, Any]:
    what = {"propertyName": name, "propertyValue": value}
    return event("contact.propertyChange", key, day, **what)


def call(key: int, whose: int, day: float) -> tuple[str, Any]:
    told = {
        "id": str(key),
        "updatedAt": at(day),
        "properties": {"hs_call_status": "COMPLETED", "hs_timestamp": at(day)},
        "associations": {"contacts": {"results": [{"id": str(whose)}]}},
    }
    return "hubspot", {"calls": [told]}


def company(key: int, day: float, **properties: Any) -> tuple[str, Any]:
    return "hubspot", {
        "companies": [{"id": str(key), "updatedAt": at(day), "properties": properties}]
    }


def salesforce(kind: str, day: float, **fields: Any) -> tuple[str, Any]:
    record = {"attributes": {"type": kind}, "SystemModstamp": at(day), **fields}
    return "salesforce", {"records": [record]}


LEAD, OPPORTUNITY = "00Q1a000001AbcDEAS", "0061a000002XyzWAAS"
DELIVERIES: list[tuple[str, Any]] = [
    contact(1, 10, email="a@b.example", jobtitle="Clerk", associatedcompanyid="9"),
    change(1, 12, "jobtitle", "CEO"),
    change(1, 11, "jobtitle", "Head of IT"),
    change(1, 11, "numemployees", "25-50"),
    change(1, 14, "email", "c@b.example"),
    change(1, 14, "country", "France"),
    change(1, 14, "country", "Germany"),  # at the same instant: one of them, always the same
    change(1, 13, "hs_analytics_source", "OFFLINE"),
    change(1, 15, "hs_analytics_source", "REFERRALS"),
    change(1, 16, "associatedcompanyid", "8"),
    change(1, 13, "hs_lead_status", "IN_PROGRESS"),
    contact(2, 10, email="d@b.example", associatedcompanyid="9", hubspot_owner_id="rita"),
    change(2, 12, "hubspot_owner_id", "tom"),
    company(9, 5, numberofemployees="640", industry="logistics"),
    company(9, 15, numberofemployees="700"),
    company(8, 6, numberofemployees="12"),
    contact(3, 10, email="e@b.example"),
    call(31, 3, 20),
    call(32, 2, 21),
    event("contact.merge", 2, 18, primaryObjectId=2, mergedObjectIds=[3], newObjectId=2),
    change(3, 19, "jobtitle", "CFO"),
    contact(4, 10, email="f@b.example", jobtitle="Student"),
    call(41, 4, 11),
    call(42, 4, 26),
    event("contact.deletion", 4, 20),
    change(4, 25, "jobtitle", "Director"),
    event("deal.propertyChange", 70, 22, propertyName="dealstage", propertyValue="closedlost"),
    event("deal.propertyChange", 70, 23, propertyName="dealstage", propertyValue="closedwon"),
    event(
        "deal.associationChange", 0, 21,
        fromObjectId=70, toObjectId=2, associationType="DEAL_TO_CONTACT",
    ),
    salesforce("Lead", 12, Id=LEAD, Email="g@h.example", Title="CEO", IsConverted=True,
               ConvertedDate="2026-08-12", ConvertedOpportunityId=OPPORTUNITY),
    salesforce("Opportunity", 20, Id=OPPORTUNITY, IsWon=True, CloseDate="2026-08-20", Amount=9),
    salesforce("Task", 15, Id="00T1a000004TttTEAS", WhatId=OPPORTUNITY, TaskSubtype="Call",
               Status="Completed", CompletedDateTime=at(15)),
]  # fmt: skip


def deliver(database: Database, scorer: Scorer, delivery: tuple[str, Any]) -> None:
    name, payload = delivery
    mapping = mapping_of(None, name)
    assert mapping is not None
    items = list(translate(mapping, payload, NOW))

    def once() -> None:
        with database.transaction() as connection:
            ingest(Record(connection, scorer, NOW), items, MAY, lambda *_: None)

    persist(once)


def state(connection: Connection, scorer: Scorer) -> dict[str, Any]:
    """All that is known in the end, but when and how often it was written."""
    record = Record(connection, scorer, NOW)
    found: dict[str, Any] = {}
    for row in record.leads.page(Filter(), 0, 100):
        answer = read(record.scores.by_seq(row.score_seq).answer)
        known = (read(row.fields), row.account_id, row.owner, row.stage, answer["score_exact"])
        found[row.id] = known
        assert not row.stale
    for table, columns in (
        (activities, ("event_id", "lead_id")),
        (outcomes, ("event_id", "lead_id", "stage")),
        (crm_facts, ("kind", "id", "facts")),
        (crm_ids, ("id_sha256", "lead_id", "gone_at")),
        (lead_addresses, ("email_sha256", "lead_id")),
    ):
        rows = connection.execute(select(*(table.c[c] for c in columns)))
        found[table.name] = sorted(tuple(str(v) for v in row) for row in rows)
    return found


def after(database: Database, scorer: Scorer, deliveries: list[tuple[str, Any]]) -> dict[str, Any]:
    migrate(database, "base")
    migrate(database)
    for delivery in deliveries:
        deliver(database, scorer, delivery)
    with database.reading() as connection:
        return state(connection, scorer)


def test_any_order_of_deliveries_leaves_the_same_leads_and_scores(
    database: Database, trained: Workspace
):
    scorer = Scorer.load(trained.champion())
    expected = after(database, scorer, DELIVERIES)
    assert set(expected) >= {"hubspot-1", "hubspot-2", "hubspot-4", f"salesforce-{LEAD}"}
    assert "hubspot-3" not in expected
    fields, account, _, stage, _ = expected["hubspot-1"]
    assert (fields["job_title"], fields["employees"], fields["source"]) == ("CEO", 12.0, "offline")
    assert (account, stage) == ("hubspot-company-8", "accepted")
    assert expected["hubspot-2"][0]["employees"] == 700.0
    assert expected["hubspot-2"][2:4] == ("tom", "won")
    assert expected["hubspot-4"][0] == {"job_title": "Director", "lead_id": "hubspot-4"}
    assert expected[f"salesforce-{LEAD}"][3] == "won"
    whose = dict(expected["activities"])
    assert whose["hubspot-call-31:hubspot-3"] == "hubspot-2"
    assert "hubspot-call-41:hubspot-4" not in whose
    dice = random.Random(20261125)
    for turn in range(SHUFFLES):
        some = [*DELIVERIES, *dice.sample(DELIVERIES, 8)]
        dice.shuffle(some)
        assert after(database, scorer, some) == expected, turn


def test_deliveries_at_once_leave_what_they_leave_one_by_one(
    database: Database, trained: Workspace
):
    scorer = Scorer.load(trained.champion())
    expected = after(database, scorer, DELIVERIES)
    migrate(database, "base")
    migrate(database)
    faults: list[BaseException] = []

    def work(mine: list[tuple[str, Any]]) -> None:
        try:
            for delivery in mine:
                deliver(database, scorer, delivery)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(DELIVERIES[k::4],)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.reading() as connection:
        assert state(connection, scorer) == expected


@pytest.mark.parametrize("name", ["hubspot", "salesforce", "dynamics", "odoo"])
def test_what_ships_is_found_without_a_workspace(name: str):
    assert mapping_of(None, name) is not None
