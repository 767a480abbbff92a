"""Reports from the ground: what sales sees out there and no score can know, told to marketing.

A report about a lead is feedback of the kind `reported`; about an account or a criterion it is
kept here. The digest puts both together with what was returned, subject by subject.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row

from serving.access.caller import Caller, NoSuch
from serving.access.secrets import new_id
from serving.addresses import without_addresses
from serving.reading import instant_text
from serving.record import Record
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.feedback import FeedbackStore
from serving.storage.handoffs import HandoffStore
from serving.storage.leads import LeadStore
from serving.storage.reports import ReportStore

ACCOUNT, CRITERION, LEAD = "account", "criterion", "lead"
NEWEST = 5
"""Reports of one subject that the digest quotes."""


@dataclass(frozen=True)
class Reported:
    """What is seen: `about` is account or criterion, `subject` which one, `text` free of
    addresses once it is kept; hostile wherever it is shown."""

    about: str
    subject: str
    text: str


def report(record: Record, told: Reported, caller: Caller) -> str:
    """Keep a report; its id.

    Raises:
        NoSuch: when no lead belongs to the account, or the edition in force has no such criterion.
    """
    if told.about == ACCOUNT and not LeadStore(record.connection).of_account(told.subject):
        raise NoSuch(f"No lead belongs to an account {told.subject[:60]!r}.")
    if told.about == CRITERION:
        _check_criterion(record, told.subject)
    report_id = new_id()
    row = {
        "id": report_id,
        "about": told.about,
        "subject": told.subject,
        "text": without_addresses(told.text.strip()),
        "team": caller.role,
        "created_by": caller.actor,
        "created_at": to_number(record.now),
    }
    ReportStore(record.connection).add(row)
    noted = {"about": told.about}
    log = AuditLog(record.connection)
    log.append(record.now, caller.actor, "reported from the ground", f"report {report_id}", noted)
    return report_id


def _check_criterion(record: Record, name: str) -> None:
    known = [c.id for c in record.book.scorer.rulebook.criteria]
    if name not in known:
        known_ones = ", ".join(known[:20])
        raise NoSuch(f"The edition in force has no criterion {name[:60]!r}; it has {known_ones}.")


def digest(record: Record, days: int) -> dict[str, Any]:
    """What was reported and returned in the last so many days: most reported first."""
    first = record.now - np.timedelta64(days, "D")
    since, until = to_number(first), to_number(record.now)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in ReportStore(record.connection).since(since):
        groups[row.about, row.subject].append(_told(row, None))
    for row in FeedbackStore(record.connection).of_kind_since("reported", since):
        groups[_subject_of(row)].append(_told(row, row.lead_id))
    subjects = [_group(key, reports) for key, reports in groups.items()]
    subjects.sort(key=lambda s: (-s["reports"], s["about"], s["subject"]))
    returned = HandoffStore(record.connection).returned_between(since, until)
    return {
        "from": f"{first}Z",
        "until": f"{record.now}Z",
        "subjects": subjects,
        "returned_by_reason": _counts(returned, "reason"),
        "returned_by_criterion": _counts(returned, "criterion"),
    }


def _subject_of(row: Row[Any]) -> tuple[str, str]:
    kind, _, name = (row.line or "").partition(":")
    return (CRITERION, name) if kind == CRITERION else (LEAD, row.lead_id)


def _told(row: Row[Any], lead_id: str | None) -> dict[str, Any]:
    text = row.note if lead_id is not None else row.text
    at = instant_text(row.created_at)
    return {"id": row.id, "lead_id": lead_id, "team": row.team, "text": text, "at": at}


def _group(key: tuple[str, str], reports: list[dict[str, Any]]) -> dict[str, Any]:
    newest = sorted(reports, key=lambda r: str(r["at"]))[::-1]
    return {
        "about": key[0],
        "subject": key[1],
        "reports": len(reports),
        "newest": newest[:NEWEST],
    }


def _counts(rows: Iterable[Mapping[str, Any]], by: str) -> list[dict[str, Any]]:
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        if row[by] is not None:
            found[row[by]] += row["returned"]
    return [
        {by: name, "returned": n} for name, n in sorted(found.items(), key=lambda i: (-i[1], i[0]))
    ]
