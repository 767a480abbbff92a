"""What typing makes of a proposal's text, and what of it cannot be read. No HTML here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from features.errors import LeadpactError
from features.rulebook.check import unusable
from features.rulebook.conditions import Condition
from features.rulebook.criteria import Criterion
from features.rulebook.document import Rulebook
from features.rulebook.sentences import sentence
from features.yaml_text import as_yaml
from serving.pages.case_controls import edited_cases
from serving.pages.editor import terms_of
from serving.pages.piece_controls import NEW, is_open, row_errors, typed_condition
from serving.pages.pieces import Asks
from serving.pages.typed import as_number

_MADE_OF = ("id", "says", "group", "owner", "points")
"""What is typed of a new criterion, beside its condition."""


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
    told["disqualifiers"] = _disqualifiers(book, told.get("disqualifiers", []), typed, asks, errors)
    told["tests"], wrong = edited_cases(told.get("tests", []), typed, asks.fields)
    errors |= wrong
    if typed.get("hand_over_from", "").strip():
        try:
            told["hand_over_from"] = _number(typed["hand_over_from"], "hand-over from")
        except ValueError as error:
            errors["hand_over_from"] = str(error)
    return as_yaml(told), errors


def _disqualifiers(
    book: Rulebook,
    told: list[dict[str, Any]],
    typed: Mapping[str, str],
    asks: Asks,
    errors: dict[str, str],
) -> list[dict[str, Any]]:
    """The disqualifiers with the conditions that were typed, without those that are taken out."""
    kept = []
    for d, one in zip(book.disqualifiers, told, strict=True):
        if typed.get(f"drop-{d.id}"):
            continue
        when = _when(typed, d.id, asks, errors)
        changed = when is not None and sentence(when) != sentence(d.when)
        kept.append(one | {"when": _as_told(when)} if changed and when is not None else one)
    return kept


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
    now = terms_of(c)
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
    return _fitting(told | {"when": _as_told(when), "points": points} | _repeats(typed))


def _repeats(typed: Mapping[str, str]) -> dict[str, Any]:
    """How a new criterion repeats and fades, as keys of the document."""
    cap, half = (typed.get(f"new-{key}", "").strip() for key in ("cap", "half"))
    return {
        "count": "repeat" if typed.get("new-count") == "repeat" else None,
        "cap": _number(cap, "at most") if cap else None,
        "decay": {"half_life_days": _number(half, "half after days")} if half else None,
    }


def _as_told(when: Condition) -> Any:
    return when.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _number(text: str, name: str) -> float:
    try:
        return as_number(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
