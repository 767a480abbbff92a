"""Replay a proposal on a workspace's matured leads, beside the edition and the model in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from features.arrays import Flags, Texts
from features.errors import InputRefused
from features.rulebook.document import Rulebook
from models.handover import handed_over
from models.replay import Flips, Past, Side, flips, moves, side
from models.replay_groups import GroupRow, by_group
from models.scorer import Scorer
from models.thresholds import (
    ALONE,
    MODEL,
    Advice,
    By,
    Curve,
    Step,
    curve,
    from_capacity,
    from_value,
)
from training.figures import rounded
from training.past import Matured
from training.replay_model import Edition, ModelSide, knows, learned, model_side
from training.segments import by_field, first_channel, pooled

CHANNEL = "First touch"
SHOWN_STEPS = range(20, 101, 5)
"""Thresholds of the trade-off table."""


@dataclass(frozen=True)
class Asked:
    """What a replay is to answer.

    Attributes:
        capacity: hand-overs that sales can work a week; None when not told.
        cost: of one hand-over, in the currency of the amounts; None when not told.
        segments: fields to compare leads by.
    """

    capacity: float | None = None
    cost: float | None = None
    segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replay:
    """A proposal beside the edition in force.

    Attributes:
        before, after: agreed points alone under both editions.
        flips_in, flips_out: leads that only the proposal, or only the old edition, hands over.
        groups: per channel and segment.
        steps: thresholds of the proposal's agreed points and what they mean.
        advice: thresholds by capacity and by value, of the champion's score under the proposal,
            which is what hands leads over, and of the agreed points alone.
        model: the champion on the same leads; None without one that knows the fields.
        notes: what to bear in mind, a sentence each.
    """

    past: Past
    states: dict[str, int]
    before: Side
    after: Side
    flips_in: Flips
    flips_out: Flips
    groups: tuple[GroupRow, ...]
    steps: tuple[Step, ...]
    advice: tuple[Advice, ...]
    model: ModelSide | None
    notes: tuple[str, ...]
    simulated: bool

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        past = self.past
        told = {
            "leads": len(past),
            "states": self.states,
            "conversions": int(past.won.sum()),
            "weeks": past.weeks,
            **{
                name: asdict(getattr(self, name))
                for name in ("before", "after", "flips_in", "flips_out")
            },
            "groups": [asdict(row) for row in self.groups],
            "thresholds": [asdict(step) for step in self.steps],
            "advice": [asdict(advice) for advice in self.advice],
            "model": None if self.model is None else asdict(self.model),
            "notes": self.notes,
            "simulated": self.simulated,
        }
        return dict(rounded(told))


def replay(
    matured: Matured,
    base: Rulebook,
    proposal: Rulebook,
    asked: Asked,
    champion: Scorer | None = None,
) -> Replay:
    """The proposal on matured history, as of each lead's time.

    Raises:
        DocumentRefused: when an edition does not fit the fields.
        InputRefused: when a segment is no field.
    """
    past = matured.past
    agreed, proposed = matured.points(base), matured.points(proposal)
    now = Edition(base, agreed.total, matured.barred(base))
    then = Edition(proposal, proposed.total, matured.barred(proposal))
    was, will = _over(now), _over(then)
    moved = moves(base, agreed, proposal, proposed)
    curves = {ALONE: curve(then.points, past, then.barred)}
    model, notes = None, list(_notes(now, then))
    if champion is not None and knows(champion, matured):
        found = learned(champion, matured)
        model, curves[MODEL] = model_side(champion, found, past, (now, then), asked.capacity)
    elif champion is not None:
        notes.append(_left_out(champion))
    groups = [
        row
        for by, values in _groupings(matured, asked.segments)
        for row in by_group(by, values, was, will, past)
    ]
    return Replay(
        past=past,
        states=matured.states,
        before=_side(now, past, asked),
        after=_side(then, past, asked),
        flips_in=flips(~was & will, now.points, then.points, past, moved),
        flips_out=flips(was & ~will, now.points, then.points, past, moved),
        groups=tuple(groups),
        steps=tuple(curves[ALONE].step(threshold) for threshold in SHOWN_STEPS),
        advice=tuple(_advice(curves, asked)),
        model=model,
        notes=tuple(notes),
        simulated=matured.fields.simulated,
    )


def _over(edition: Edition) -> Flags:
    return handed_over(edition.points, edition.book.hand_over_from, edition.barred)


def _side(edition: Edition, past: Past, asked: Asked) -> Side:
    name, threshold = f"edition {edition.book.edition}", edition.book.hand_over_from
    return side(name, edition.points, threshold, past, asked.capacity, edition.barred)


def _notes(now: Edition, then: Edition) -> Iterator[str]:
    base, proposal = now.book, then.book
    if proposal.horizon_days != base.horizon_days:
        yield (
            f"The proposal speaks of {proposal.horizon_days:g} days; ends are told within the "
            f"{base.horizon_days:g} days of the edition in force."
        )
    if proposal.fingerprint() == base.fingerprint():
        yield "The proposal is the edition in force, word for word."
    if now.barred.any() or then.barred.any():
        yield (
            f"Disqualifiers keep back {int(then.barred.sum()):,} leads whatever their score, "
            f"{int(now.barred.sum()):,} under the edition in force."
        )


def _left_out(champion: Scorer) -> str:
    return (
        f"Model {champion.versions.model} was taught with another fields.yaml and cannot score "
        "these leads as they are read now, so only agreed points are shown. Run `leadpact train`, "
        "then replay again."
    )


def _advice(curves: Mapping[By, Curve], asked: Asked) -> Iterator[Advice]:
    """By either score, the one that hands leads over first."""
    for by in (by for by in (MODEL, ALONE) if by in curves):
        if asked.capacity is not None:
            yield replace(from_capacity(curves[by], asked.capacity), by=by)
        if asked.cost is not None:
            yield replace(from_value(curves[by], asked.cost), by=by)


def _groupings(matured: Matured, segments: tuple[str, ...]) -> Iterator[tuple[str, Texts]]:
    own = matured.snapshot.seen.own
    if len(own.row):
        yield CHANNEL, pooled(first_channel(own))
    columns = matured.snapshot.columns
    for name in segments or matured.fields.segments:
        if name not in columns:
            known = ", ".join(columns.names)
            raise InputRefused(f"--segment {name}: no field of that name is read. Known: {known}.")
        field = matured.fields[name]
        yield field.title, by_field(field, columns[name])
