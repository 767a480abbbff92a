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
        its 90 % interval (`score_interval` in points), `value` (see `value_of`), `grade`,
        `handed_over`, `reasons`, `as_of`, `versions`, `simulated`.
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
        "value": value_of(scores, i, scorer),
        "says": score_sentence(likelihood, low, high, scorer.rulebook.horizon_days),
        "reasons": [vars(line) | {"points": line.points} for line in explanation.lines],
        "as_of": f"{scores.told.snapshot.as_of[i]}Z",
        "versions": vars(scorer.versions),
        "simulated": scorer.simulated,
    }


def value_of(scores: Scores, i: int, scorer: Scorer) -> dict[str, Any] | None:
    """What lead `i` brings if it is won, its 90 % interval, and `expected`: likelihood x amount.

    None where the rulebook states no value, or no amounts were there to learn from.
    """
    stated, amounts = scorer.rulebook.value, scores.amounts
    if stated is None or amounts is None:
        return None
    mean, low, high = (round(float(x[i]), 2) for x in (amounts.mean, amounts.low, amounts.high))
    expected = round(float(scores.likelihood[i] * amounts.mean[i]), 2)
    return {
        "currency": stated.currency,
        "expected": expected,
        "amount": mean,
        "interval": {"low": low, "high": high, "level": LEVEL},
        "says": (
            f"{stated.currency} {expected:,.0f}, the likelihood times {mean:,.0f} if won "
            f"({low:,.0f} to {high:,.0f})."
        ),
    }


def _shown(scorer: Scorer, likelihood: float) -> int:
    """A likelihood as a score: whole points, cut at 0 and 100."""
    tiny = 1e-12
    points = scorer.ladder.scale.points(logit(min(max(likelihood, tiny), 1 - tiny)))
    return int(min(max(points, 0.0), 100.0) + 0.5)
