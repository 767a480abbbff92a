"""Small fields, rulebooks and activities, built in one line."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.arrays import texts
from features.fields import Fields, parse_document
from features.rulebook.document import Rulebook, parse_rulebook
from features.timeline import Activities

FIELDS = """
lead: lead_id
account: account_id
timing: {as_of: created_at}
outcome: {field: won, converted: ["yes"], open: [pending]}
fields:
 - {name: lead_id, column: Lead ID, type: id, role: id}
 - {name: account_id, column: Account, type: id, role: id}
 - {name: created_at, column: Created, type: instant, role: id}
 - {name: email, column: E-Mail, type: text, format: email, role: attribute, owner: marketing}
 - {name: title, column: Title, type: text, format: job title, role: attribute, owner: sales}
 - {name: employees, column: Size, type: number, unit: people, minimum: 1, role: attribute}
 - {name: industry, column: Industry, type: category, missing: [Select, unknown], role: attribute}
 - {name: phone, column: Phone, type: boolean, role: attribute}
 - {name: visits, column: Visits, type: number, role: activity, missing: ["999"]}
 - {name: won, column: Won, type: category, role: outcome, known: after outcome}
 - {name: tag, column: Tag, type: category, role: ignored, reason: "set by reps"}
"""

RULEBOOK = """
edition: "t1"
base_points: 10
hand_over_from: 40
grades: {A: 60, B: 40, C: 20, D: 0}
groups: {fit: {label: Fit}, engagement: {label: Engagement, at_most: 20, owner: marketing}}
criteria:
 - {id: mid, says: 200 to 999 employees, group: fit, owner: sales,
    when: {field: employees, between: [200, 999]}, points: 12}
 - {id: student, says: Student on a free mailbox, group: fit,
    when: {all: [{field: title_seniority, is: student}, {field: email_kind, is: free}]},
    points: -12}
 - {id: webinar, says: Attended a webinar, group: engagement, owner: marketing,
    when: {activity: {kind: webinar}, within_days: 90}, points: 8, count: repeat,
    decay: {half_life_days: 10}}
 - {id: phone, says: Phone known, group: engagement, when: {field: phone, is: true}, points: 15}
"""


def fields(text: str = FIELDS) -> Fields:
    """A fields file of every type."""
    found = parse_document(Fields, text, "test fields")
    assert isinstance(found, Fields)
    return found


def rulebook(text: str = RULEBOOK) -> Rulebook:
    """A rulebook that uses all that criteria can."""
    return parse_rulebook(text, "test rulebook")


def at(*days: float) -> Any:
    """Instants so many days after 1 January 2026."""
    start = np.datetime64("2026-01-01T00:00:00", "us")
    return np.array(
        [start + np.timedelta64(round(d * 86_400_000_000), "us") for d in days],
        dtype="datetime64[us]",
    )


def activities(*rows: tuple[str, str | None, float, float, str, str, str]) -> Activities:
    """Activities from (lead, account, occurred day, recorded day, channel, kind, team)."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    return Activities(
        texts(columns[0]),
        texts(columns[1]),
        at(*columns[2]),
        at(*columns[3]),
        texts(columns[4]),
        texts(columns[5]),
        texts(columns[6]),
        np.full(len(rows), np.nan),
    )
