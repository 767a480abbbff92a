"""Replay a proposal on a workspace's matured leads, beside the edition and the model in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from dataclasses import replace as changed
from typing import Any

import numpy as np

from features.arrays import Flags, Floats, Texts
from features.errors import InputRefused
from features.facts import facts_of
from features.rulebook.document import Rulebook
from features.rulebook.points import award
from models.handover import handed_over
from models.replay import Flips, GroupRow, Past, Side, by_group, flips, moves, side
from models.scorer import Scorer
from models.thresholds import Advice, Curve, Step, curve, from_capacity, from_value
from training.figures import rounded
from training.past import Matured
from training.segments import by_field, first_channel, pooled

CHANNEL = "First touch"
SHOWN_STEPS = range(20, 101, 5)
"""Thresholds of the trade-off table."""


THREADS = 2
"""Of LightGBM; results do not depend on it."""


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
class ModelSide:
    """What the champion hands over of the same leads.

    Attributes:
        model: its name; edition: of the rulebook it was taught with.
        sides: at the thresholds of both editions, and at as many hand-overs as the proposal's.
        taught_by: share of the leads with a known end that the champion was taught by: its figures
            flatter it by so much.
    """

    model: str
    edition: str
    sides: tuple[Side, ...]
    taught_by: float


@dataclass(frozen=True)
class Replay:
    """A proposal beside the edition in force.

    Attributes:
        before, after: rulebook alone under both editions.
        flips_in, flips_out: leads that only the proposal, or only the old edition, hands over.
        groups: per channel and segment.
        steps: thresholds of the proposal and what they mean.
        advice: thresholds by capacity and by value.
        model: the champion on the same leads; None without one.
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
    before, after = agreed.total, proposed.total
    kept, keeps = matured.barred(base), matured.barred(proposal)
    was = handed_over(before, base.hand_over_from, kept)
    will = handed_over(after, proposal.hand_over_from, keeps)
    moved = moves(base, agreed, proposal, proposed)
    trade_off = curve(after, past, keeps)
    groups = [
        row
        for by, values in _groupings(matured, asked.segments)
        for row in by_group(by, values, was, will, past)
    ]
    return Replay(
        past=past,
        states=matured.states,
        before=side(_named(base), before, base.hand_over_from, past, asked.capacity, kept),
        after=side(_named(proposal), after, proposal.hand_over_from, past, asked.capacity, keeps),
        flips_in=flips(~was & will, before, after, past, moved),
        flips_out=flips(was & ~will, before, after, past, moved),
        groups=tuple(groups),
        steps=tuple(trade_off.step(threshold) for threshold in SHOWN_STEPS),
        advice=tuple(_advice(trade_off, asked)),
        model=None if champion is None else _model(champion, matured, base, proposal, after, asked),
        notes=tuple(_notes(base, proposal, kept, keeps)),
        simulated=matured.fields.simulated,
    )


def _named(rulebook: Rulebook) -> str:
    return f"edition {rulebook.edition}"


def _notes(base: Rulebook, proposal: Rulebook, kept: Flags, keeps: Flags) -> Iterator[str]:
    if proposal.horizon_days != base.horizon_days:
        yield (
            f"The proposal speaks of {proposal.horizon_days:g} days; ends are told within the "
            f"{base.horizon_days:g} days of the edition in force."
        )
    if proposal.fingerprint() == base.fingerprint():
        yield "The proposal is the edition in force, word for word."
    if kept.any() or keeps.any():
        yield (
            f"Disqualifiers keep back {int(keeps.sum()):,} leads whatever their score, "
            f"{int(kept.sum()):,} under the edition in force."
        )


def _advice(trade_off: Curve, asked: Asked) -> Iterator[Advice]:
    if asked.capacity is not None:
        yield from_capacity(trade_off, asked.capacity)
    if asked.cost is not None:
        yield from_value(trade_off, asked.cost)


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


def _model(
    champion: Scorer,
    matured: Matured,
    base: Rulebook,
    proposal: Rulebook,
    after: Floats,
    asked: Asked,
) -> ModelSide:
    past = matured.past
    points = model_points(champion, matured)
    keeps = matured.barred(proposal)
    thresholds = {e.hand_over_from: matured.barred(e) for e in (base, proposal)}
    sides = [
        side(f"model, from {t:g}", points, t, past, asked.capacity, barred)
        for t, barred in thresholds.items()
    ]
    handed = int(handed_over(after, proposal.hand_over_from, keeps).sum())
    volume = curve(points, past, keeps).handed
    same = int(np.argmin(np.abs(volume - handed)))
    if float(same) not in thresholds:
        name = f"model, as many as the proposal (from {same})"
        sides.append(side(name, points, float(same), past, asked.capacity, keeps))
    return ModelSide(
        champion.versions.model, champion.rulebook.edition, tuple(sides), _taught(champion, past)
    )


def model_points(champion: Scorer, matured: Matured) -> Floats:
    """The champion's exact scores, by its own rulebook and features. Shape (n,)."""
    features = champion.catalogue.compute(matured.snapshot)
    agreed = award(champion.rulebook, facts_of(matured.snapshot, features))
    ladder = changed(champion.ladder, threads=THREADS)
    return np.asarray(ladder.scale.points(ladder.log_odds(champion.leads(features, agreed))))


def _taught(champion: Scorer, past: Past) -> float:
    told = champion.versions.history_until
    if not past.known.any():
        return 0.0
    if told in ("", "NaT") or np.isnat(past.at).any():
        return 1.0
    horizon = np.timedelta64(round(champion.rulebook.horizon_days * 86_400), "s")
    return float((past.at[past.known] + horizon <= np.datetime64(told)).mean())
