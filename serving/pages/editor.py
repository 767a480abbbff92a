"""Criteria as sentences with controls: what is shown of an edition, and what typing makes of it.
No HTML here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from features.errors import LeadpactError
from features.rulebook.criteria import Criterion
from features.rulebook.document import Rulebook
from features.rulebook.reading import read_sentence
from features.rulebook.sentences import sentence
from features.rulebook.words import number
from features.yaml_text import as_yaml
from models.wording import signed

COUNTS = {"once": "once", "repeat": "each time"}
NEW = ("id", "says", "group", "owner", "when", "points")
"""What a new criterion is made of."""


@dataclass(frozen=True)
class Control:
    """A criterion with what may be typed about it.

    Attributes:
        id, says, owner, group: of the criterion.
        when: its condition as a sentence.
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
    points: str
    count: str
    cap: str
    half: str
    fades: bool
    was: str
    changed: bool
    evidence: str
    error: str


def controls(
    base: Rulebook,
    book: Rulebook,
    evidence: Mapping[str, Mapping[str, Any]],
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> list[Control]:
    """Every criterion of a proposal, changed ones first.

    Args:
        base: the edition that it changes.
        evidence: criterion -> what the model's card says of it.
        typed: what was typed last, which is shown again.
        errors: criterion -> what is wrong with it.
    """
    before = {c.id: c for c in base.criteria}
    found = [
        _control(c, before.get(c.id), evidence.get(c.id), typed, errors) for c in book.criteria
    ]
    return sorted(found, key=lambda c: not (c.changed or c.error))


def _control(
    c: Criterion,
    before: Criterion | None,
    found: Mapping[str, Any] | None,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Control:
    told = _told(c) | {k: typed[f"{k}-{c.id}"] for k in _told(c) if f"{k}-{c.id}" in typed}
    was = "new" if before is None else ""
    if before is not None and before.points != c.points:
        was = signed(before.points, 0 if before.points == round(before.points) else 1)
    repeats = getattr(c.when, "activity", None) is not None
    return Control(
        id=c.id,
        says=c.says,
        owner=c.owner,
        group=c.group,
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
        "when": sentence(c.when),
        "points": number(c.points),
        "count": c.count,
        "cap": "" if c.cap is None else number(c.cap),
        "half": "" if half is None else number(half),
    }


def _evidence(found: Mapping[str, Any]) -> str:
    ends = f"{signed(found['low'], 0)} to {signed(found['high'], 0)}"
    return f"{signed(found['points'], 0)}, {ends}, {found['leads']:,} leads"


def edited(book: Rulebook, typed: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The text that typing makes of a proposal, and criterion -> what cannot be read of it; such a
    criterion stays as it was."""
    told, errors = yaml.safe_load(book.text()), {}
    kept = []
    for c, criterion in zip(book.criteria, told["criteria"], strict=True):
        if typed.get(f"drop-{c.id}"):
            continue
        try:
            criterion = criterion | _changes(c, typed)
        except (ValueError, LeadpactError) as error:
            errors[c.id] = str(error)
        kept.append({key: value for key, value in criterion.items() if value is not None})
    if typed.get("new-id", "").strip():
        try:
            kept.append(_new(typed))
        except (ValueError, LeadpactError) as error:
            errors["new"] = str(error)
    told["criteria"] = kept
    if typed.get("hand_over_from", "").strip():
        try:
            told["hand_over_from"] = _number(typed["hand_over_from"], "hand-over from")
        except ValueError as error:
            errors["hand_over_from"] = str(error)
    return as_yaml(told), errors


def _changes(c: Criterion, typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed otherwise than it is, as keys of the document; None takes a key out."""
    now = _told(c)
    new = {k: typed.get(f"{k}-{c.id}", was).strip() for k, was in now.items()}
    changes: dict[str, Any] = {}
    if new["when"] != now["when"]:
        changes["when"] = _condition(new["when"])
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


def _new(typed: Mapping[str, str]) -> dict[str, Any]:
    told = {key: typed.get(f"new-{key}", "").strip() for key in NEW}
    missing = [key for key in ("says", "when", "points") if not told[key]]
    if missing:
        raise ValueError(f"A new criterion needs {', '.join(missing)} too.")
    when, points = _condition(told["when"]), _number(told["points"], "points")
    return told | {"when": when, "points": points}


def _condition(text: str) -> Any:
    return read_sentence(text).model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _number(text: str, name: str) -> float:
    try:
        return float(text.replace("\N{MINUS SIGN}", "-").replace(",", "."))
    except ValueError:
        raise ValueError(f"{name}: a number was expected, got {text[:40]!r}.") from None
