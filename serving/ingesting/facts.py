"""What a lead's fields come to, from all that was told of it and of its account.

A pure function of what was told: whichever came first, the newest word on each field counts, and
of equal ones the greater. An account's word counts before its leads' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.canonical import canonical
from serving.storage.crm import Facts


def tell(facts: Facts, name: str, at: int, value: Any, *, first: bool) -> bool:
    """Add what was told of a field; whether that changes what is known.

    Args:
        facts: of one lead or account, changed in place.
        at: when it was so, microseconds.
        first: whether the earliest word counts, and not the newest.
    """
    there = facts.get(name)
    new = (-at if first else at, canonical(value))
    if there is not None and new <= (-there[0] if first else there[0], canonical(there[1])):
        return False
    facts[name] = (at, value)
    return there is None or canonical(there[1]) != canonical(value)


def since(facts: Facts, at: int) -> Facts:
    """What was told later than `at`."""
    return {name: told for name, told in facts.items() if told[0] > at}


def fields_of(
    there: Mapping[str, Any], own: Facts, account_before: Facts, account: Facts
) -> dict[str, Any]:
    """A lead's fields.

    Args:
        there: those it has.
        own: what was told of it.
        account_before: what was known of its account when `there` was written.
        account: what is known of its account.
    """
    fields = {k: v for k, v in there.items() if not _is_known(account_before, k)}
    fields |= {name: value for name, (_, value) in own.items()}
    fields |= {name: value for name, (_, value) in account.items() if value is not None}
    return {name: value for name, value in fields.items() if value is not None}


def _is_known(facts: Facts, name: str) -> bool:
    return name in facts and facts[name][1] is not None
