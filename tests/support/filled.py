"""A store filled from the simulated company, through the use cases."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np

from models.scorer import Scorer
from models.workspace import Workspace
from serving.incoming import activity_rows
from serving.record import Record
from serving.storage.database import Database


def sample_leads(workspace: Workspace, n: int) -> list[dict[str, Any]]:
    """The fields of the last n leads of the simulated company, as a CRM would send them."""
    with (workspace.folder / "leads.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[-n:]
    words: dict[str, Any] = {"yes": True, "no": False}
    leads = []
    for row in rows:
        told = {k: words.get(v, v) for k, v in row.items() if v and k != "proposal_status"}
        if "employees" in told:
            told["employees"] = float(told["employees"])
        leads.append(told)
    return leads


def sample_activities(
    leads: list[dict[str, Any]], each: int, until: np.datetime64
) -> list[dict[str, Any]]:
    """`each` activities of every lead, the youngest a few hours old."""
    kinds = (("web", "product_page"), ("email", "email_click"), ("web", "demo_page"))
    made = []
    for i, lead in enumerate(leads):
        for k in range(each):
            channel, kind = kinds[(i + k) % 3]
            at = until - np.timedelta64(3 + 31 * k + i % 24, "h")
            made.append(
                {
                    "event_id": f"{lead['lead_id']}-{k}",
                    "lead_id": lead["lead_id"],
                    "account_id": lead.get("account_id"),
                    "occurred_at": f"{at}Z",
                    "channel": channel,
                    "kind": kind,
                    "team": "marketing",
                }
            )
    return made


def fill(
    database: Database,
    scorer: Scorer,
    leads: list[dict[str, Any]],
    activities: list[dict[str, Any]],
    now: np.datetime64,
) -> None:
    """Write leads, then what they did."""
    with database.transaction() as connection:
        record = Record(connection, scorer, now)
        for lead in leads:
            record.put_lead(lead["lead_id"], lead, None)
        rows = [c.row for c in activity_rows(activities, "", now) if c.row is not None]
        assert len(rows) == len(activities)
        record.happened(rows, [])
