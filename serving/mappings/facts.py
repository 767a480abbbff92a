"""What a record says of a lead or an account, field by field."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.errors import Problem
from serving.mappings.document import AccountRecord, LeadRecord
from serving.mappings.items import Fact, Told
from serving.mappings.owning import Owned
from serving.mappings.reading import Taken, take
from serving.mappings.taking import FieldTake, Take


def facts(owned: Owned, record: LeadRecord | AccountRecord, at: np.datetime64) -> Told:
    """All facts that a record tells; values that cannot be taken are named and left out."""
    found: dict[str, Fact] = {}
    problems: list[Problem] = []
    unmapped = []
    for name, how in record.fields.items():
        told = take(owned.seen, how)
        if told.unmapped is not None:
            unmapped.append((name, told.unmapped))
        fact = _fact(name, told, how, problems)
        if fact is not None:
            found[name] = fact
    account = owner = None
    if isinstance(record, LeadRecord):
        owner = _maybe(owned, "owner", record.owner, problems)
        account = _maybe(owned, "account", record.account, problems)
        if record.account is not None and account is not None and account.value is not None:
            prefix = owned.mapping.prefix_of(record.account.of)
            account = replace(account, value=f"{prefix}{account.value}")
    return Told(
        *owned.where,
        record.kind,
        owned.id,
        at,
        found,
        account,
        owner,
        tuple(problems),
        tuple(unmapped),
    )


def _maybe(owned: Owned, name: str, how: Take | None, problems: list[Problem]) -> Fact | None:
    return None if how is None else _fact(name, take(owned.seen, how), how, problems)


def _fact(name: str, told: Taken, how: Take, problems: list[Problem]) -> Fact | None:
    if told.problem is not None:
        problems.append(replace(told.problem, field=name))
        return None
    first = isinstance(how, FieldTake) and how.keep == "first"
    return Fact(told.value, told.place, first) if told.told else None
