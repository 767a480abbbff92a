"""A store with many leads, fast: some are written as the service writes them, then copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, insert, literal, select, text

from models.scorer import Scorer
from serving.incoming import activity_rows, outcome_rows
from serving.record import Record
from serving.storage.database import Database
from serving.storage.tables import activities, lead_versions, leads, outcomes, scores
from training.sample.company import SampleCompany

WRITTEN = 1000
"""Leads that are written one by one; all others are copies of them."""
OWNERS = 25
_FIELDS = ("account_id", "email", "job_title", "industry", "country", "source")
_YES_NO = ("budget_date_given", "phone_given")
_HOUR = 3_600_000_000


def lead_bodies(company: SampleCompany) -> Iterator[tuple[str, dict[str, Any]]]:
    """The newest leads of a simulated company: id, and the body of a PUT."""
    for k, row in enumerate(company.leads.tail(WRITTEN).to_dict("records")):
        lead = {name: row[name] for name in _FIELDS if pd.notna(row[name])}
        lead |= {name: row[name] == "yes" for name in _YES_NO if pd.notna(row[name])}
        if str(row["employees"]).isdigit():
            lead["employees"] = int(row["employees"])
        yield str(row["lead_id"]), {"lead": lead, "owner": f"rep {k % OWNERS}"}


def fill(database: Database, scorer: Scorer, company: SampleCompany, n_leads: int) -> None:
    """Write `WRITTEN` leads with all that happened to them, then copy them up to `n_leads`."""
    now = np.datetime64("now", "us")
    ids = []
    for lead_id, body in lead_bodies(company):
        ids.append(lead_id)
        with database.transaction() as connection:
            fields = body["lead"] | {scorer.fields.lead: lead_id}
            Record(connection, scorer, now).put_lead(lead_id, fields, body["owner"])
    did = company.activities[company.activities.lead_id.isin(ids)]
    for _, rows in did.groupby("lead_id"):
        told = [_event(r, ("channel", "kind", "team")) for r in rows.to_dict("records")]
        _happened(database, scorer, now, told, activity_rows)
    ended = company.outcomes[company.outcomes.lead_id.isin(ids)]
    told = [_event(r, ("stage",)) for r in ended.to_dict("records")]
    _happened(database, scorer, now, told, outcome_rows)
    with database.transaction() as connection:
        written = connection.execute(select(func.max(scores.c.seq))).scalar_one()
        for block in range(1, n_leads // WRITTEN):
            _copy(connection, block, written)
        if not database.is_sqlite:
            # Rows that brought their number have not moved the counter.
            name = "pg_get_serial_sequence('scores', 'seq')"
            connection.execute(text(f"SELECT setval({name}, (SELECT max(seq) FROM scores))"))
    with database.engine.connect() as connection:
        # As autovacuum would have done on the way.
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def _event(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    told = {"lead_id": row["lead_id"], **{name: row[name] for name in names}}
    at = "occurred_at" if "occurred_at" in row else "at"
    return told | {at: pd.Timestamp(row[at]).isoformat()}


def _happened(
    database: Database, scorer: Scorer, now: np.datetime64, told: list[Any], parse: Any
) -> None:
    rows = [c.row for c in parse(told, "", now) if c.row is not None]
    assert len(rows) == len(told)
    with database.transaction() as connection:
        record = Record(connection, scorer, now)
        record.happened(*((rows, []) if parse is activity_rows else ([], rows)))


def _copy(connection: Connection, block: int, scores_written: int) -> None:
    """All that was written once more under other names, an hour older a block. Of a score, the
    current one is copied and its long answer left out: no copy is asked for by its id."""
    of_them = select(leads.c.id).where(leads.c.seq <= WRITTEN)
    current = select(leads.c.score_seq).where(leads.c.seq <= WRITTEN)
    for table in (leads, lead_versions, activities, outcomes, scores):
        values: dict[str, Any] = {c.name: c for c in table.columns if c.name != "seq"}
        for name in {"id", "lead_id", "account_id", "event_id"} & values.keys():
            values[name] = values[name].concat(f"~{block}")
        rows = (table.c.id if table is leads else table.c.lead_id).in_(of_them)
        if table is leads:
            values["score_seq"] = table.c.score_seq + block * scores_written
            values["changed_at"] = table.c.changed_at - block * _HOUR
        if table is scores:
            values |= {"seq": table.c.seq + block * scores_written, "answer": literal("{}")}
            values["id"] = func.substr(table.c.id, 1, 24).concat(f"~{block}")
            rows = table.c.seq.in_(current)
        copied = select(*values.values()).where(rows)
        connection.execute(insert(table).from_select(list(values), copied))
