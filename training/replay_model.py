"""The champion on the leads of a replay: what it would hand over under either edition."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as changed

import numpy as np

from features.arrays import Flags, Floats
from features.facts import facts_of
from features.rulebook.document import Rulebook
from features.rulebook.points import award
from models.handover import handed_over
from models.replay import Past, Side, side
from models.scorer import Scorer
from models.thresholds import Curve, curve
from training.past import Matured

THREADS = 2
"""Of LightGBM; results do not depend on it."""


@dataclass(frozen=True)
class Edition:
    """One of the two texts on n leads.

    Attributes:
        book: the text.
        points: (n,) exact agreed points.
        barred: (n,) leads that its disqualifiers keep back.
    """

    book: Rulebook
    points: Floats
    barred: Flags


@dataclass(frozen=True)
class Learned:
    """The champion's exact scores of n leads under its own edition, and what that agreed; (n,)."""

    exact: Floats
    agreed: Floats

    def under(self, points: Floats) -> Floats:
        """The scores that it serves once an edition with these agreed points (n,) is in force.

        What was learned stays until the model is aligned or trained anew; see `models.in_force`.
        """
        return np.asarray(self.exact + (points - self.agreed))


@dataclass(frozen=True)
class ModelSide:
    """What the champion hands over of the same leads.

    Attributes:
        model: its name; edition: of the rulebook it was taught with.
        sides: with the edition in force, with the proposal, and at as many hand-overs as the
            proposal's own points make.
        taught_by: share of the leads with a known end that the champion was taught by: its figures
            flatter it by so much.
    """

    model: str
    edition: str
    sides: tuple[Side, ...]
    taught_by: float


def knows(champion: Scorer, matured: Matured) -> bool:
    """Whether the champion was taught with the fields that the leads are read by."""
    return matured.fields.fingerprint() == champion.versions.fields_sha256


def learned(champion: Scorer, matured: Matured) -> Learned:
    """The champion's exact scores, by its own rulebook and features; only where it `knows`."""
    features = champion.catalogue.compute(matured.snapshot)
    agreed = award(champion.rulebook, facts_of(matured.snapshot, features))
    ladder = changed(champion.ladder, threads=THREADS)
    f = ladder.log_odds(champion.leads(features, agreed))
    return Learned(np.asarray(ladder.scale.points(f)), agreed.total)


def model_side(
    champion: Scorer,
    found: Learned,
    past: Past,
    editions: tuple[Edition, Edition],
    capacity: float | None,
) -> tuple[ModelSide, Curve]:
    """The champion under both editions, and its whole trade-off under the second."""
    sides = [
        side(
            f"model, edition {e.book.edition}",
            found.under(e.points),
            e.book.hand_over_from,
            past,
            capacity,
            e.barred,
        )
        for e in editions
    ]
    _, proposal = editions
    points, barred = found.under(proposal.points), proposal.barred
    trade_off = curve(points, past, barred)
    handed = handed_over(proposal.points, proposal.book.hand_over_from, barred).sum()
    same = int(np.argmin(np.abs(trade_off.handed - handed)))
    if float(same) != proposal.book.hand_over_from:
        name = "model, as many as the proposal's points"
        sides.append(side(name, points, float(same), past, capacity, barred))
    versions = champion.versions
    taught = _taught(champion, past)
    return ModelSide(versions.model, champion.rulebook.edition, tuple(sides), taught), trade_off


def _taught(champion: Scorer, past: Past) -> float:
    told = champion.versions.history_until
    if not past.known.any():
        return 0.0
    if told in ("", "NaT") or np.isnat(past.at).any():
        return 1.0
    horizon = np.timedelta64(round(champion.rulebook.horizon_days * 86_400), "s")
    return float((past.at[past.known] + horizon <= np.datetime64(told)).mean())
