"""Scores as another edition would have them: its agreed points at once, what was learned as it is.

A model speaks of the edition it is aligned to. Its learned points answer to that edition and stay
to the last bit; the new agreed points take the place of the old. The score's scale turns the sum
into a likelihood as before. A model aligned anew would correct the new points in its turn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Floats
from features.facts import facts_of
from features.rulebook.document import Rulebook
from features.rulebook.points import award, disqualified
from models.explanation import Explanation
from models.lines import Lines, Told, closed
from models.scale import sigmoid
from models.scorer import Scorer, Scores


@dataclass(frozen=True)
class Supposed(Told):
    """n leads under another edition; `aligned` tells them under the one that taught the model."""

    aligned: Told

    def explain(self, i: int) -> Explanation:
        """The score of lead `i`: lines of the other edition, with what the model learned."""
        was = {line.key: line for line in self.aligned.explain(i).lines}
        told = [
            replace(line, learned=was.pop(line.key).learned if line.key in was else 0.0)
            for line in super().explain(i).lines
            # What was learned of a fact stands where the aligned edition tells it.
            if line.kind != "limit" and (line.agreed or line.kind == "base" or line.key in was)
        ]
        # A criterion that is gone, or a cap that no longer cuts, still carries what was learned.
        told += [replace(line, agreed=0.0) for line in was.values() if line.kind != "limit"]
        return closed(told, float(self.agreed.total[i]))

    def _learned_of(self, i: int, k: int, agreed: float) -> float:  # noqa: ARG002
        """Nothing: the model knows only the criteria of the edition that it is aligned to."""
        return 0.0


def with_points(rulebook: Rulebook, points: dict[str, float]) -> Rulebook:
    """The edition with other points of some criteria, by id."""
    criteria = tuple(
        c.model_copy(update={"points": points.get(c.id, c.points)}) for c in rulebook.criteria
    )
    return rulebook.model_copy(update={"criteria": criteria})


def suppose(
    scores: Scores, rulebook: Rulebook, scorer: Scorer, lines: Lines | None = None
) -> Scores:
    """The same leads under any edition that fits the fields.

    Args:
        scores: by `scorer`.
        rulebook: the other edition.
        scorer: the model, under whatever edition.
        lines: of the other edition, where they are at hand.
    """
    told = scores.told
    facts = facts_of(told.snapshot, told.features)
    agreed = award(rulebook, facts)
    lines = lines or Lines(scorer.fields, rulebook, scorer.catalogue)
    more = agreed.total - told.agreed.total
    d = scorer.ladder.scale.per_point * more
    return replace(
        scores,
        exact=scores.exact + more,
        likelihood=_shifted(scores.likelihood, d),
        low=_shifted(scores.low, d),
        high=_shifted(scores.high, d),
        agreed_exact=agreed.total,
        disqualified=disqualified(rulebook, facts),
        told=Supposed(**vars(told) | {"lines": lines, "agreed": agreed, "aligned": told}),
    )


def _shifted(p: Floats, d: Floats) -> Floats:
    """A likelihood whose log-odds are higher by d."""
    with np.errstate(divide="ignore"):
        return sigmoid(np.log(p) - np.log1p(-p) + d)
