"""A score as plain JSON: the one shape that the API, the command line and exports tell."""

from __future__ import annotations

from typing import Any

from models.scale import logit
from models.scorer import Scorer, Scores
from models.wording import score_sentence

LEVEL = 0.9
"""Of every interval that is told."""


def answer(lead: str | None, scores: Scores, i: int, scorer: Scorer) -> dict[str, Any]:
    """The score of lead `i` with every line of it, plain values only.

    Args:
        lead: its id, or None where it has none.
        scores: of n leads, by `scorer`.
        i: which of them.
        scorer: whose versions and rulebook stand behind the number.

    Returns:
        `score` and `agreed_score` as shown (whole, 0 to 100), `score_exact` (points before rounding
        and cutting, the sum of the points of all `reasons` but a `limit` line), `likelihood` with
        its 90 % interval (`score_interval` in points), `grade`, `handed_over`, `reasons`, `as_of`,
        `versions`, `simulated`.
    """
    explanation = scores.explain(i)
    likelihood, low, high = (float(x[i]) for x in (scores.likelihood, scores.low, scores.high))
    shown = float(scores.shown[i])
    return {
        "lead_id": lead,
        "score": int(shown),
        "score_exact": explanation.exact,
        "agreed_score": int(scores.agreed[i]),
        "grade": scorer.rulebook.grade(shown),
        "handed_over": shown >= scorer.rulebook.hand_over_from,
        "likelihood": likelihood,
        "interval": {"low": low, "high": high, "level": LEVEL},
        "score_interval": {"low": _shown(scorer, low), "high": _shown(scorer, high)},
        "says": score_sentence(likelihood, low, high, scorer.rulebook.horizon_days),
        "reasons": [vars(line) | {"points": line.points} for line in explanation.lines],
        "as_of": f"{scores.told.snapshot.as_of[i]}Z",
        "versions": vars(scorer.versions),
        "simulated": scorer.simulated,
    }


def _shown(scorer: Scorer, likelihood: float) -> int:
    """A likelihood as a score: whole points, cut at 0 and 100."""
    tiny = 1e-12
    points = scorer.ladder.scale.points(logit(min(max(likelihood, tiny), 1 - tiny)))
    return int(min(max(points, 0.0), 100.0) + 0.5)
