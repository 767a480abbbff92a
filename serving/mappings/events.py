"""What a record says of something that happened: activities, and what became of leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from features.errors import Problem
from features.values import parse_instant
from serving.mappings.document import ActivityRecord, OutcomeRecord, OutcomeRule
from serving.mappings.items import Happened, Item, Left, Wrong
from serving.mappings.owning import Owned, ids_of, taken, whose
from serving.mappings.reading import holds, take

SOONEST = np.timedelta64(1, "D")
"""How far ahead of ours a CRM's clock may go; what it says of later is a mistake, and would keep
every true word out until then."""
THIN = "It holds only what changed, and not all that is needed: read the record and send it whole."
NOBODYS = "It belongs to no lead."
_TAKEN = ("occurred_at", "recorded_at", "channel", "what", "team", "value")


def activity(owned: Owned, record: ActivityRecord) -> Iterator[Item]:
    """The activity that a record is, once for each lead that it belongs to."""
    if not holds(owned.seen, record.when):
        thin = owned.seen.partial
        yield Left(*owned.where, THIN if thin else "It has not taken place, or does not count.")
        return
    problems: list[Problem] = []
    leads, many = whose(owned, record.whose, problems)
    told = {key: taken(owned, getattr(record, key), problems) for key in _TAKEN}
    account: list[str | None] = [None]
    if record.account is not None:
        account = [*ids_of(owned, record.account, problems), None]
    unmapped = tuple((k, t.unmapped) for k, t in told.items() if t.unmapped is not None)
    what, at = told["what"].value, told["occurred_at"].value
    if problems:
        yield Wrong(*owned.where, tuple(problems))
    elif not leads:
        yield Left(*owned.where, THIN if owned.seen.partial else NOBODYS)
    elif what is None or at is None:
        why = "It is of no kind that counts." if what is None else "It does not say when it was."
        yield Left(*owned.where, THIN if owned.seen.partial else why, unmapped)
    elif parse_instant(at) > owned.now:
        yield Left(*owned.where, "It has not taken place yet. Send it again when it has.")
    else:
        event: dict[str, Any] = {k: told[k].value for k in _TAKEN if k != "what"}
        event |= {"kind": what, "account_id": account[0]}
        for lead in leads:
            name = f"{owned.id}:{lead}" if many else owned.id
            this = event | {"event_id": name, "lead_id": lead}
            yield Happened(*owned.where, "activity", this, unmapped)


def outcomes_of(owned: Owned, record: OutcomeRecord, at: np.datetime64) -> Iterator[Item]:
    """The outcomes that a record such as an opportunity tells of its leads."""
    problems: list[Problem] = []
    leads, many = whose(owned, record.whose, problems)
    if problems:
        yield Wrong(*owned.where, tuple(problems))
    elif not leads:
        yield Left(*owned.where, THIN if owned.seen.partial else NOBODYS)
    else:
        found = list(outcomes(owned, record.outcomes, at, leads, many=many))
        yield from found or [Left(*owned.where, "It tells no outcome.")]


def outcomes(
    owned: Owned,
    rules: tuple[OutcomeRule, ...],
    at: np.datetime64,
    leads: list[str],
    *,
    many: bool = False,
) -> Iterator[Item]:
    """The outcomes that rules find in a record, for each of the leads.

    Args:
        at: when the record was so.
        many: whether the event's id has to tell the leads apart.
    """
    for rule in rules:
        if not holds(owned.seen, rule.when) or (rule.only_changes and not owned.seen.partial):
            continue
        if rule.stage is None:
            yield Left(*owned.where, rule.ignored)
            continue
        stage = take(owned.seen, rule.stage)
        if stage.unmapped is not None:
            why = "The mapping does not say what this stage means."
            yield Left(*owned.where, why, (("stage", stage.unmapped),))
        elif stage.value is not None:
            yield from _outcome(owned, rule, str(stage.value), at, leads, many=many)


def _outcome(
    owned: Owned,
    rule: OutcomeRule,
    stage: str,
    at: np.datetime64,
    leads: list[str],
    *,
    many: bool,
) -> Iterator[Item]:
    problems: list[Problem] = []
    since = taken(owned, rule.at, problems).value
    amount, reason = (taken(owned, how, problems).value for how in (rule.amount, rule.reason))
    if since is None and (rule.at is None or owned.seen.partial):
        since = f"{at}Z"
    if problems:
        yield Wrong(*owned.where, tuple(problems))
    elif since is None:
        yield Left(*owned.where, f"It is {stage}, but does not say since when.")
    elif parse_instant(since) > owned.now + SOONEST:
        yield Left(*owned.where, f"It is {stage} only from {since} on.")
    else:
        event = {"at": since, "stage": stage, "amount": amount, "reason": reason}
        for lead in leads:
            name = f"{owned.id}:{stage}:{since}" + (f":{lead}" if many else "")
            this = event | {"event_id": name, "lead_id": lead}
            yield Happened(*owned.where, "outcome", this)
