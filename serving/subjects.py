"""The one lead that a question is about: sent with the question, or stored under its id."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from features.arrays import texts
from features.columns import account_ids, from_records, lead_ids
from features.errors import Problem, shorten
from features.values import parse_instant
from models.scorer import Scorer
from models.variants import Subject
from serving.canonical import read
from serving.incoming import ID_ALLOWED, is_id
from serving.problems import Trouble, pointer, wrong
from serving.reading import no_such_lead
from serving.rescoring import activities_of
from serving.scoring import KEYS, Asked, activities_sent, not_an_instant, parse
from serving.storage.events import EventStore
from serving.storage.leads import LeadStore

WHOSE = ("lead_id", *KEYS)
"""The keys of a question that say whose lead it is about."""


@dataclass(frozen=True)
class Whose:
    """Whose lead: `stored` under this id, or else `sent`; looked at as of `as_of`."""

    stored: str | None
    sent: Asked | None
    as_of: np.datetime64


@dataclass(frozen=True)
class Known:
    """The lead as a subject of questions.

    Attributes:
        subject: what is known of it.
        lead_id: its id, or None where it came without one.
        warnings: what of it was ignored, or is no longer allowed.
    """

    subject: Subject
    lead_id: str | None
    warnings: list[str]


def whose_of(
    told: Mapping[str, Any], own: Collection[str], most: int, now: np.datetime64
) -> tuple[Whose, list[Problem]]:
    """Whose lead a question is about, and what is wrong with saying so.

    Args:
        told: the body.
        own: the keys that the question has besides `WHOSE`.
        most: activities that may be sent with a lead.
        now: the instant that counts where none is told.
    """
    allowed = ", ".join((*WHOSE, *own))
    found = [
        wrong(pointer(key), told[key], "No such key.", allowed)
        for key in told
        if key not in WHOSE and key not in own
    ]
    lead_id, sent = told.get("lead_id"), {k: told[k] for k in KEYS if told.get(k) is not None}
    if lead_id is None:
        asked = parse(sent, "", most)
        if not isinstance(asked, Asked):
            return Whose(None, None, now), [*found, *asked]
        as_of, late = _instant(asked, now)
        return Whose(None, asked, as_of), [*found, *late]
    if not is_id(lead_id):
        found.append(wrong("/lead_id", lead_id, "This is no lead's id.", ID_ALLOWED))
    for key in sent:
        why = "A stored lead is named, and looked at as it is now."
        found.append(wrong(pointer(key), sent[key], why, "either lead_id, or lead with the rest"))
    return Whose(str(lead_id), None, now), found


def _instant(asked: Asked, now: np.datetime64) -> tuple[np.datetime64, list[Problem]]:
    try:
        return now if asked.as_of is None else parse_instant(asked.as_of), []
    except (ValueError, OverflowError):
        return now, [not_an_instant("/as_of", asked.as_of)]


def sent_lead(scorer: Scorer, asked: Asked, as_of: np.datetime64) -> tuple[Known, list[Problem]]:
    """A lead as it was sent, and everything wrong with it."""
    taken = from_records([asked.lead], scorer.fields)
    found = [replace(p, place=pointer("lead", p.field), row=None) for p in taken.problems]
    lead = str(lead_ids(taken.columns, scorer.fields)[0])
    account = account_ids(taken.columns, scorer.fields)[0]
    did, faults = activities_sent(asked, lead, account)
    given = taken.columns[scorer.fields.lead][0]
    unknown = [f"{shorten(k)}: no such field; ignored." for k in taken.unknown[0]]
    subject = Subject(taken.columns, did, lead, account, as_of)
    warnings = [*asked.warnings, *unknown]
    return Known(subject, None if given is None else str(given), warnings), [*found, *faults]


def stored_lead(
    connection: Connection, scorer: Scorer, lead_id: str, as_of: np.datetime64
) -> Known:
    """A lead as it is stored; what its fields no longer allow counts as missing, and is told.

    Raises:
        Trouble: when there is no such lead, or its person does not want to be scored.
    """
    row = LeadStore(connection).find(lead_id)
    if row is None:
        raise no_such_lead(lead_id)
    if not row.scoring_allowed:
        why = "its person opted out of scoring"
        raise Trouble("opted-out", f"Nothing is worked out for lead {lead_id[:60]!r}: {why}.")
    seen = EventStore(connection).seen_of(lead_id, row.account_id)
    taken = from_records([read(row.fields)], scorer.fields)
    did = activities_of(seen)
    did = replace(did, account=texts(row.account_id for _ in seen))
    warnings = [f"{p.sentence()} Taken as missing." for p in taken.problems]
    return Known(Subject(taken.columns, did, lead_id, row.account_id, as_of), lead_id, warnings)
