"""A condition written as rows of a form, where rows can hold it."""

from __future__ import annotations

from features.rulebook.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Fact,
    First,
    Happened,
    Last,
    Not,
    acts,
)
from features.rulebook.sentences import sentence
from features.rulebook.words import number
from serving.pages.pieces import FIRST, HAPPENED, LAST, MOST_ROWS, NUMERIC, Asks, Pieces, Row
from serving.pages.pieces_read import condition_of
from serving.pages.typed import listed


def pieces_of(when: Condition, asks: Asks) -> Pieces | None:
    """The rows of a condition that read back as the same one; None where there are none."""
    parts: tuple[Condition, ...] = (when,)
    if isinstance(when, AllOf | AnyOf):
        parts = when.all if isinstance(when, AllOf) else when.any
    rows = [_row_of(part) for part in parts]
    found = Pieces(
        tuple(row for row in rows if row is not None), "any" if isinstance(when, AnyOf) else "all"
    )
    if len(found.rows) < len(rows) or not _typable(found):
        return None
    again = condition_of(found, asks).when
    # Sentences tell apart what Python takes for equal, such as 1 and true.
    return found if again is not None and sentence(again) == sentence(when) else None


def _typable(pieces: Pieces) -> bool:
    """Whether every text stays as it is in a browser's one-line control."""
    texts = [text for row in pieces.rows for text in vars(row).values()]
    return len(pieces.rows) <= MOST_ROWS and not any(ord(c) < 32 for text in texts for c in text)


def _row_of(part: Condition) -> Row | None:
    leaf, denied = (part.not_, "not") if isinstance(part, Not) else (part, "")
    if isinstance(leaf, AllOf | AnyOf | Not):
        return None
    told = _fact_row(leaf) if isinstance(leaf, Fact) else _activity_row(leaf)
    return Row(denied=denied, **told)


def _fact_row(fact: Fact) -> dict[str, str]:
    told = {"about": fact.field}
    if fact.missing is not None:
        return told | {"test": "missing" if fact.missing else "given"}
    if isinstance(fact.is_, bool):
        return told | {"test": "yes" if fact.is_ else "no"}
    if fact.between is not None:
        low, high = fact.between
        return told | {"test": "between", "value": number(low), "to": number(high)}
    if fact.in_ is not None:
        return told | {"test": "in", "value": listed([_text(v) for v in fact.in_])}
    test = next(t for t in ("is_", "contains", *NUMERIC) if getattr(fact, t) is not None)
    return told | {"test": test.rstrip("_"), "value": _text(getattr(fact, test))}


def _text(value: bool | float | str) -> str:
    return value if isinstance(value, str) else number(value)


def _activity_row(leaf: Happened | First | Last) -> dict[str, str]:
    which = acts(leaf)
    told = {
        "about": {Happened: HAPPENED, First: FIRST, Last: LAST}[type(leaf)],
        "kind": _labels(which.kind),
        "channel": _labels(which.channel),
        "team": which.team or "",
        "by": leaf.by or "",
        "within": "" if leaf.within_days is None else number(leaf.within_days),
    }
    if isinstance(leaf, Happened):
        told |= {"least": number(leaf.at_least), "counting": leaf.counting or ""}
    return told


def _labels(told: str | tuple[str, ...] | None) -> str:
    return listed([] if told is None else [told] if isinstance(told, str) else told)
