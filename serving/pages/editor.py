"""Criteria as sentences with controls: what is shown of an edition, and what typing makes of it.
No HTML here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from features.errors import LeadpactError
from features.rulebook.check import unusable
from features.rulebook.conditions import Condition, Happened
from features.rulebook.criteria import Criterion
from features.rulebook.document import Rulebook
from features.rulebook.sentences import sentence
from features.rulebook.words import number
from features.yaml_text import as_yaml
from models.wording import signed
from serving.pages.case_controls import edited_cases
from serving.pages.piece_controls import (
    NEW,
    WhenControls,
    is_open,
    row_errors,
    typed_condition,
    when_controls,
)
from serving.pages.pieces import Asks
from serving.pages.typed import as_number

COUNTS = {"once": "once", "repeat": "each time"}
_MADE_OF = ("id", "says", "group", "owner", "points")
"""What is typed of a new criterion, beside its condition."""


@dataclass(frozen=True)
class Control:
    """A criterion with what may be typed about it.

    Attributes:
        id, says, owner, group: of the criterion.
        when: its condition as a sentence.
        asked: the controls of its condition; None while it is not being changed.
        points, count, cap, half: as typed or as they are; "" where there is none.
        fades: whether a half-life may be said: of what happened, and not of what fades otherwise.
        was: the base edition's points where they differ, in words; "new" without any.
        changed: whether anything differs from the base edition.
        evidence: what history says of it, in words; "".
        error: what is wrong with what was typed; "".
    """

    id: str
    says: str
    owner: str
    group: str
    when: str
    asked: WhenControls | None
    points: str
    count: str
    cap: str
    half: str
    fades: bool
    was: str
    changed: bool
    evidence: str
    error: str

    @property
    def stands_out(self) -> bool:
        """Whether there is something to see or to do about it."""
        return self.changed or bool(self.error) or self.asked is not None


def controls(
    base: Rulebook,
    book: Rulebook,
    evidence: Mapping[str, Mapping[str, Any]],
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    asks: Asks,
) -> list[Control]:
    """Every criterion of a proposal, those that stand out first.

    Args:
        base: the edition that it changes.
        evidence: criterion -> what the model's card says of it.
        typed: what was typed last, which is shown again.
        errors: criterion, or name of a control -> what is wrong with it.
        asks: what conditions may be about.
    """
    before = {c.id: c for c in base.criteria}
    found = [
        _control(c, before.get(c.id), evidence.get(c.id), typed, errors, asks)
        for c in book.criteria
    ]
    return sorted(found, key=lambda c: not c.stands_out)


def _control(
    c: Criterion,
    before: Criterion | None,
    found: Mapping[str, Any] | None,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    asks: Asks,
) -> Control:
    told = _told(c) | {k: typed[f"{k}-{c.id}"] for k in _told(c) if f"{k}-{c.id}" in typed}
    was = "new" if before is None else ""
    if before is not None and before.points != c.points:
        was = signed(before.points, 0 if before.points == round(before.points) else 1)
    repeats = isinstance(c.when, Happened)
    return Control(
        id=c.id,
        says=c.says,
        owner=c.owner,
        group=c.group,
        when=sentence(c.when),
        asked=when_controls(typed, c.id, asks, errors),
        **told,
        fades=repeats and (c.decay is None or c.decay.half_life_days is not None),
        was=was,
        changed=before != c,
        evidence="" if found is None else _evidence(found),
        error=errors.get(c.id, ""),
    )


def _told(c: Criterion) -> dict[str, str]:
    half = c.decay.half_life_days if c.decay is not None else None
    return {
        "points": number(c.points),
        "count": c.count,
        "cap": "" if c.cap is None else number(c.cap),
        "half": "" if half is None else number(half),
    }


def _evidence(found: Mapping[str, Any]) -> str:
    ends = f"{signed(found['low'], 0)} to {signed(found['high'], 0)}"
    return f"{signed(found['points'], 0)}, {ends}, {found['leads']:,} leads"


def edited(book: Rulebook, typed: Mapping[str, str], asks: Asks) -> tuple[str, dict[str, str]]:
    """The text that typing makes of a proposal, and criterion or control -> what cannot be read of
    it; such a criterion stays as it was."""
    told, errors = yaml.safe_load(book.text()), dict[str, str]()
    kept = []
    for c, criterion in zip(book.criteria, told["criteria"], strict=True):
        if typed.get(f"drop-{c.id}"):
            continue
        try:
            criterion = _fitting(criterion | _changes(c, typed, asks, errors))
        except (ValueError, LeadpactError) as error:
            errors[c.id] = str(error)
        kept.append(criterion)
    if _begun(typed):
        try:
            kept.append(_new(typed, asks, errors))
        except (ValueError, LeadpactError) as error:
            errors["new"] = str(error)
    told["criteria"] = kept
    told["tests"], wrong = edited_cases(told.get("tests", []), typed, asks.fields)
    errors |= wrong
    if typed.get("hand_over_from", "").strip():
        try:
            told["hand_over_from"] = _number(typed["hand_over_from"], "hand-over from")
        except ValueError as error:
            errors["hand_over_from"] = str(error)
    return as_yaml(told), errors


def _fitting(criterion: dict[str, Any]) -> dict[str, Any]:
    """The criterion without keys that are taken out.

    Raises:
        ValueError: when its parts do not go together, such as a fact that repeats.
    """
    kept = {key: value for key, value in criterion.items() if value is not None}
    try:
        Criterion.model_validate(kept)
    except ValidationError as error:
        told = [e["msg"].removeprefix("Value error, ") for e in error.errors()]
        raise ValueError(" ".join(told)) from None
    return kept


def _changes(
    c: Criterion, typed: Mapping[str, str], asks: Asks, errors: dict[str, str]
) -> dict[str, Any]:
    """What was typed otherwise than it is, as keys of the document; None takes a key out."""
    now = _told(c)
    new = {k: typed.get(f"{k}-{c.id}", was).strip() for k, was in now.items()}
    changes: dict[str, Any] = {}
    when = _when(typed, c.id, asks, errors)
    if when is not None and sentence(when) != sentence(c.when):
        changes["when"] = _as_told(when)
    if new["points"] != now["points"]:
        changes["points"] = _number(new["points"], "points")
    if new["count"] != now["count"]:
        changes["count"] = "repeat" if new["count"] == "repeat" else None
    if new["cap"] != now["cap"]:
        changes["cap"] = _number(new["cap"], "at most") if new["cap"] else None
    if new["half"] != now["half"]:
        half = _number(new["half"], "half after days") if new["half"] else None
        changes["decay"] = None if half is None else {"half_life_days": half}
    return changes


def _when(
    typed: Mapping[str, str], owner: str, asks: Asks, errors: dict[str, str]
) -> Condition | None:
    """The condition that was typed; None where none was, or where it cannot be taken, which
    `errors` is told."""
    if not is_open(typed, owner):
        return None
    try:
        taken = typed_condition(typed, owner, asks)
    except LeadpactError as error:
        errors[f"when-{owner}"] = str(error)
        return None
    errors.update(row_errors(owner, taken))
    if taken.when is None:
        return None
    wrong = unusable("The condition", taken.when, asks.fields)
    if wrong:
        errors[f"when-{owner}"] = " ".join(wrong)
    return None if wrong else taken.when


def _begun(typed: Mapping[str, str]) -> bool:
    """Whether something was typed of a new criterion."""
    texts = ("new-id", "new-says", "new-points", f"when-{NEW}")
    return any(typed.get(name, "").strip() for name in texts) or (
        typed.get(f"rows-{NEW}", "0") != "0"
    )


def _new(typed: Mapping[str, str], asks: Asks, errors: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {key: typed.get(f"new-{key}", "").strip() for key in _MADE_OF}
    missing = [key for key in ("id", "says", "points") if not told[key]]
    if missing:
        raise ValueError(f"A new criterion needs {', '.join(missing)} too.")
    when = _when(typed, NEW, asks, errors)
    if when is None:
        raise ValueError("A new criterion needs a condition that can be read.")
    points = _number(told["points"], "points")
    return _fitting(told | {"when": _as_told(when), "points": points})


def _as_told(when: Condition) -> Any:
    return when.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _number(text: str, name: str) -> float:
    try:
        return as_number(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
