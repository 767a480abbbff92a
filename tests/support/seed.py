"""A record with a past: leads of a workspace's history, written as they came, on a clock that
moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.scorer import Scorer
from models.workspace import Workspace
from serving.incoming import activity_rows, outcome_rows
from serving.record import Record
from serving.storage.database import Database
from serving.storage.migrate import migrate

OWNERS = ("Rita Mensah", "Tom Okafor", None)


def seed(workspace: Workspace, url: str, leads: int, until: np.datetime64) -> list[str]:
    """Write the newest `leads` that had come by `until`, with what happened to them by then; their
    ids."""
    history = _read(workspace.folder, until).tail(leads)
    ids = list(history["lead_id"])
    events = _events(workspace.folder, set(ids), until)
    database = Database(url)
    migrate(database)
    scorer = Scorer.load(workspace.champion())
    came = [(np.datetime64(r["created_at"][:-1], "us"), "lead", r) for r in _records(history)]
    for at, what, told in sorted([*came, *events], key=lambda e: (e[0], e[1])):
        with database.transaction() as connection:
            record = Record(connection, scorer, at)
            if what == "lead":
                name = str(told["lead_id"])
                fields = {k: v for k, v in told.items() if k not in ("proposal_status", "explored")}
                record.put_lead(name, fields, OWNERS[int(name[-1]) % len(OWNERS)])
            else:
                parse = activity_rows if what == "activity" else outcome_rows
                rows = [c.row for c in parse([told], "", at) if c.row is not None]
                record.happened(
                    rows if what == "activity" else [], [] if what == "activity" else rows
                )
    database.close()
    return ids


def _read(folder: Path, until: np.datetime64) -> pd.DataFrame:
    told = pd.read_csv(folder / "leads.csv", dtype=str).sort_values("created_at")
    return told[told["created_at"] <= f"{until}Z"]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    yes_no = {"yes": True, "no": False}
    found = []
    for row in frame.to_dict("records"):
        lead = {str(k): yes_no.get(v, v) for k, v in row.items() if isinstance(v, str) and v}
        if "employees" in lead:
            lead["employees"] = float(str(lead["employees"]))
        found.append(lead)
    return found


def _events(
    folder: Path, ids: set[str], until: np.datetime64
) -> list[tuple[np.datetime64, str, dict[str, Any]]]:
    did = pd.read_parquet(folder / "activities.parquet")
    did = did[did["lead_id"].isin(ids)]
    became = pd.read_csv(folder / "outcomes.csv", dtype=str)
    became = became[became["lead_id"].isin(ids)]
    found = []
    for row in did.astype(object).where(did.notna(), None).to_dict("records"):
        at = np.datetime64(pd.Timestamp(row["occurred_at"]).tz_localize(None), "us")
        told = {str(k): v for k, v in row.items() if v is not None and k not in ("recorded_at",)}
        found.append((at, "activity", told | {"occurred_at": f"{at}Z"}))
    for row in became.to_dict("records"):
        told = {str(k): v for k, v in row.items() if isinstance(v, str)}
        if "amount" in told:
            told["amount"] = float(told["amount"])
        found.append((np.datetime64(told["at"][:-1], "us"), "outcome", told))
    return [e for e in found if e[0] <= until]
