"""Criteria and disqualifiers as sentences with controls: what is shown of them. No HTML here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.rulebook.conditions import Happened
from features.rulebook.criteria import Criterion
from features.rulebook.document import Rulebook
from features.rulebook.sentences import sentence
from features.rulebook.words import number
from models.wording import signed
from serving.pages.piece_controls import WhenControls, when_controls
from serving.pages.pieces import Asks

COUNTS = {"once": "once", "repeat": "each time"}


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


@dataclass(frozen=True)
class Kept:
    """A disqualifier with its condition.

    Attributes:
        id, says, owner, route: of the disqualifier.
        when: its condition as a sentence.
        asked: the controls of its condition; None while it is not being changed.
        changed: whether it differs from the base edition's.
        dropped: whether it is to be taken out.
    """

    id: str
    says: str
    owner: str
    route: str
    when: str
    asked: WhenControls | None
    changed: bool
    dropped: bool


def disqualifiers(
    base: Rulebook,
    stored: Rulebook,
    book: Rulebook,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    asks: Asks,
) -> list[Kept]:
    """Every disqualifier of a proposal, in the order in which they are asked.

    Args:
        base: the edition that it changes.
        stored: its text as kept; what is ticked to be taken out still stands here.
        book: the text that is shown.
        typed, errors, asks: as for `controls`.
    """
    before, now = ({d.id: d for d in b.disqualifiers} for b in (base, book))
    return [
        Kept(
            id=d.id,
            says=d.says,
            owner=d.owner,
            route=d.route,
            when=sentence(now.get(d.id, d).when),
            asked=when_controls(typed, d.id, asks, errors),
            changed=before.get(d.id) != now.get(d.id),
            dropped=bool(typed.get(f"drop-{d.id}")),
        )
        for d in stored.disqualifiers
    ]


def _control(
    c: Criterion,
    before: Criterion | None,
    found: Mapping[str, Any] | None,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    asks: Asks,
) -> Control:
    told = terms_of(c) | {k: typed[f"{k}-{c.id}"] for k in terms_of(c) if f"{k}-{c.id}" in typed}
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


def terms_of(c: Criterion) -> dict[str, str]:
    """What a criterion gives, as the texts of its controls."""
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
