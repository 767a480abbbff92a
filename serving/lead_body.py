"""The body of a lead that is written: its fields, its owner, its person's consent; all checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.columns import from_records
from features.errors import Problem, shorten
from models.scorer import Scorer
from serving.incoming import ID_ALLOWED, instant_of, is_id, is_short
from serving.problems import pointer, refused, wrong
from serving.schema import INSTANT, NO_NUL
from serving.storage.tables import MAX_ID

_KEYS = ("lead", "owner", "consent_given_at")
BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["lead"],
                "properties": {
                    "lead": {"$ref": "#/components/schemas/StoredLead"},
                    "owner": {
                        "type": ["string", "null"],
                        "minLength": 1,
                        "maxLength": MAX_ID,
                        "pattern": NO_NUL,
                    },
                    "consent_given_at": {
                        "type": ["string", "null"],
                        "format": "date-time",
                        "description": "When a person who had been erased agreed anew: "
                        f"{INSTANT}. Without it nothing is taken of them.",
                    },
                },
            }
        }
    },
}
"""OpenAPI's description of it."""


@dataclass(frozen=True)
class LeadBody:
    """What was sent.

    Attributes:
        fields: those that are known here, by name; null makes one unknown.
        owner: who works the lead, and whether that was said at all.
        consent_given_at: when an erased person agreed anew, or None.
        warnings: what was ignored, a sentence each.
    """

    fields: dict[str, Any]
    owner: str | None
    has_owner: bool
    consent_given_at: np.datetime64 | None
    warnings: tuple[str, ...]


def lead_of(scorer: Scorer, lead_id: str, told: Any) -> LeadBody:
    """A body as a lead.

    Raises:
        Trouble: with everything that is wrong with it.
    """
    if not isinstance(told, dict):
        raise refused([wrong("", told, "An object was expected.", 'such as {"lead": {...}}')])
    lead, owner, consent = (told.get(k) for k in _KEYS)
    found: list[Problem] = []
    if not isinstance(lead, dict):
        why = "The lead's fields belong into an object under `lead`."
        found.append(wrong("/lead", lead, why, 'such as {"lead": {...}}'))
        lead = {}
    if owner is not None and not is_short(owner):
        allowed = f"a text of 1 to {MAX_ID} characters, or null"
        found.append(wrong("/owner", owner, "An owner's name was expected.", allowed))
    given_at = None if consent is None else instant_of(consent, "/consent_given_at", found)
    found += _ids_wrong(scorer, lead_id, lead)
    taken = from_records([lead], scorer.fields)
    found += [
        Problem(p.field, p.got, p.why, p.allowed, None, pointer("lead", p.field))
        for p in taken.problems
    ]
    if found:
        raise refused(found, "The lead")
    known = set(taken.columns.names)
    ignored = [f"{shorten(k)}: no such field; ignored." for k in taken.unknown[0]]
    ignored += [f"{shorten(k)}: no such key here; ignored." for k in told.keys() - set(_KEYS)]
    fields = {k: v for k, v in lead.items() if k in known}
    return LeadBody(fields, owner, "owner" in told, given_at, tuple(ignored))


def _ids_wrong(scorer: Scorer, lead_id: str, lead: dict[str, Any]) -> list[Problem]:
    found = []
    own = lead.get(scorer.fields.lead)
    if own is not None and own != lead_id:
        place = pointer("lead", scorer.fields.lead)
        found.append(wrong(place, own, "Another id stands in the address.", repr(lead_id)))
    account = lead.get(scorer.fields.account or "")
    if account is not None and not is_id(account):
        place = pointer("lead", scorer.fields.account)
        found.append(wrong(place, account, "This is no account's id.", ID_ALLOWED))
    return found
