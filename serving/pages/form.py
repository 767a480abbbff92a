"""The lead that a person typed: from a form's texts to the JSON a machine would have sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.catalogue import Vocabulary
from features.columns import readable
from features.fields import Field
from features.rulebook.conditions import First, Happened, Last, acts, walk
from features.values import allowed
from models.scorer import Scorer

ROWS = 4
"""Activities that can be typed."""
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True)
class Control:
    """One field of the form.

    Attributes:
        field: what is asked.
        value: the text that stands in it.
        hint: what is allowed.
        levels: values that history knew, to choose from.
        error: why the text could not be taken, or "".
    """

    field: Field
    value: str
    hint: str
    levels: tuple[str, ...]
    error: str


@dataclass(frozen=True)
class Did:
    """One activity of the form, as typed."""

    kind: str
    channel: str
    days_ago: str


def asked_of(scorer: Scorer) -> list[Field]:
    """The fields a person is asked for: what a score looks at, and no identifiers."""
    return [f for f in readable(scorer.fields) if f.is_input]


def controls(scorer: Scorer, typed: Mapping[str, str], errors: Mapping[str, str]) -> list[Control]:
    """The form's fields with what was typed and what was wrong with it."""
    known = scorer.ladder.encoding.levels
    return [
        Control(
            f,
            typed.get(f.name, ""),
            allowed(f).removesuffix(", or null"),
            known.get(f.name, ()) if f.type == "category" else (),
            errors.get(f.name, ""),
        )
        for f in asked_of(scorer)
    ]


def example(scorer: Scorer) -> dict[str, str]:
    """The fields' own examples, as a person would type them."""
    return {f.name: _as_text(f.example) for f in asked_of(scorer) if f.example is not None}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def known_activities(scorer: Scorer) -> Vocabulary:
    """The kinds and channels to choose from: what history knew, and what the rulebook names."""
    leaves = [leaf for c in scorer.rulebook.criteria for leaf in walk(c.when)]
    asked = [acts(leaf) for leaf in leaves if isinstance(leaf, Happened | First | Last)]
    kinds = _with(scorer.vocabulary.kinds, (a.kind for a in asked))
    return Vocabulary(_with(scorer.vocabulary.channels, (a.channel for a in asked)), kinds)


def _with(known: tuple[str, ...], asked: Iterable[str | tuple[str, ...] | None]) -> tuple[str, ...]:
    """Those that are known and those that are asked for, each once: rules look at no case."""
    told = [(a,) if isinstance(a, str) else a or () for a in asked]
    found = {label.casefold(): label for labels in (*told, known) for label in labels}
    return tuple(sorted(found.values()))


def lead_of(scorer: Scorer, typed: Mapping[str, str]) -> dict[str, Any]:
    """The JSON of a typed lead. A text that is no number stays one, and is refused by name."""
    lead: dict[str, Any] = {}
    for field in asked_of(scorer):
        text = typed.get(field.name, "").strip()
        if text:
            lead[field.name] = _as_json(field, text)
    return lead


def _as_json(field: Field, text: str) -> Any:
    if field.type == "boolean":
        return _YES_NO.get(text.casefold(), text)
    if field.type == "number":
        try:
            return float(text.replace(",", ""))
        except ValueError:
            return text
    return text


def activities_of(rows: list[Did], now: np.datetime64) -> tuple[list[dict[str, Any]], str]:
    """The JSON of typed activities, and what was wrong with them."""
    found: list[dict[str, Any]] = []
    for row in rows:
        if not row.kind and not row.channel:
            continue
        try:
            days = float(row.days_ago or 0)
        except ValueError:
            days = -1.0
        if not 0 <= days <= 3650:
            return [], f"Days ago is {row.days_ago[:20]!r}; write a number from 0 to 3650."
        at = now - np.timedelta64(round(days * 86_400), "s")
        told = {"occurred_at": f"{at}Z", "kind": row.kind, "channel": row.channel}
        found.append({k: v for k, v in told.items() if v})
    return found, ""
