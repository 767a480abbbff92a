"""A score as plain JSON: the one shape that the API, the command line and exports tell."""

from __future__ import annotations

from typing import Any

from features.rulebook.criteria import DIMENSIONS, Dimension
from features.rulebook.document import Value
from models.explanation import Explanation
from models.handover import as_shown
from models.reconciliation import label
from models.retention import DAYS
from models.scale import logit
from models.scorer import Brief, Scorer, Scores
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
        its 90 % interval (`score_interval` in points), `value` (see `value_of`), `grade`, `fit`
        and `engagement` (see `sub_score_of`) and their cell `grid`, `handed_over`, `disqualified`
        (what keeps the lead back, and the route it goes; None for nothing), `reasons`, `as_of`,
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
        **{name: sub_score_of(scores, i, explanation, name) for name in DIMENSIONS},
        "grid": scores.cells[i],
        "handed_over": bool(scores.handed_over[i]),
        "disqualified": disqualified_of(scores, i),
        "likelihood": likelihood,
        "interval": {"low": low, "high": high, "level": LEVEL},
        "score_interval": {"low": _shown(scorer, low), "high": _shown(scorer, high)},
        "disagreement": disagreement_of(scores, i),
        "value": value_of(scores, i, scorer),
        "says": score_sentence(likelihood, low, high, scorer.rulebook.horizon_days),
        "reasons": [vars(line) | {"points": line.points} for line in explanation.lines],
        "as_of": f"{scores.told.snapshot.as_of[i]}Z",
        "versions": vars(scorer.versions),
        "simulated": scorer.simulated,
    }


def brief_answer(lead: str | None, brief: Brief, i: int, scorer: Scorer) -> dict[str, Any]:
    """The numbers of `answer` for lead `i` without reasons, value and place on the grid."""
    likelihood, low, high = (float(x[i]) for x in (brief.likelihood, brief.low, brief.high))
    shown = int(as_shown(brief.exact[i : i + 1])[0])
    return {
        "lead_id": lead,
        "score": shown,
        "score_exact": float(brief.exact[i]),
        "agreed_score": int(as_shown(brief.agreed_exact[i : i + 1])[0]),
        "grade": scorer.rulebook.grade(float(shown)),
        "handed_over": bool(brief.handed_over[i]),
        "likelihood": likelihood,
        "interval": {"low": low, "high": high, "level": LEVEL},
        "as_of": f"{brief.as_of[i]}Z",
        "model": scorer.versions.model,
        "rulebook": scorer.versions.rulebook,
        "simulated": scorer.simulated,
    }


def sub_score_of(
    scores: Scores, i: int, explanation: Explanation, dimension: Dimension
) -> dict[str, float] | None:
    """The points of lead `i` in one dimension: `agreed`, which the grid goes by, and `learned`.

    Each is the sum of those reasons that name the dimension. None where no group counts to it.
    """
    if dimension not in scores.sub_scores:
        return None
    learned = sum(line.learned for line in explanation.lines if line.dimension == dimension)
    return {"agreed": float(scores.sub_scores[dimension][i]), "learned": learned}


def disqualified_of(scores: Scores, i: int) -> dict[str, str] | None:
    """What keeps lead `i` from being handed over, and the route it goes; None for nothing."""
    place = int(scores.disqualified[i])
    if place < 0:
        return None
    found = scores.told.rulebook.disqualifiers[place]
    return {"id": found.id, "says": found.says, "owner": found.owner, "route": found.route}


def disagreement_of(scores: Scores, i: int) -> dict[str, Any] | None:
    """How agreed and learned score of lead `i` part beyond the tolerance, and the reason that
    learned most of it, by its key; None where they agree."""
    found = label(scores, i)
    if found.responsible is None:
        return None
    return {
        "kind": found.kind,
        "difference": int(found.difference),
        "tolerance": found.tolerance,
        "responsible": found.responsible.key,
        "says": found.says,
    }


def value_of(scores: Scores, i: int, scorer: Scorer) -> dict[str, Any] | None:
    """What lead `i` brings if it is won, its 90 % interval, and `expected`: likelihood x amount.

    `retention` beside it, see `_retention_of`. None where the rulebook states no value, or no
    amounts were there to learn from.
    """
    stated, amounts = scorer.rulebook.value, scores.amounts
    if stated is None or amounts is None:
        return None
    mean, low, high = (round(float(x[i]), 2) for x in (amounts.mean, amounts.low, amounts.high))
    expected = round(float(scores.likelihood[i] * amounts.mean[i]), 2)
    stays = _retention_of(scores, i, stated, expected)
    return {
        "currency": stated.currency,
        "expected": expected,
        "amount": mean,
        "interval": {"low": low, "high": high, "level": LEVEL},
        "retention": stays,
        "says": (
            f"{stated.currency} {expected:,.0f}, the likelihood times {mean:,.0f} if won "
            f"({low:,.0f} to {high:,.0f})." + ("" if stays is None else f" {stays['says']}")
        ),
    }


def _retention_of(scores: Scores, i: int, stated: Value, expected: float) -> dict[str, Any] | None:
    """Whether lead `i` stays a customer for a year if it is won, and what is `expected` after it.

    None where the rulebook does not ask for it, or too few customers were there to learn from.
    """
    stays = scores.stays
    if stated.retention != "one_year" or stays is None:
        return None
    share, low, high = (float(x[i]) for x in (stays.likelihood, stays.low, stays.high))
    after = round(expected * share, 2)
    told = (f"{100 * x:.0f}" for x in (share, low, high))
    return {
        "days": DAYS,
        "likelihood": share,
        "interval": {"low": low, "high": high, "level": LEVEL},
        "expected": after,
        "says": "{} in 100 such customers stay a year ({} to {})".format(*told)
        + f": {stated.currency} {after:,.0f} from those who stay.",
    }


def _shown(scorer: Scorer, likelihood: float) -> int:
    """A likelihood as a score: whole points, cut at 0 and 100."""
    tiny = 1e-12
    points = scorer.ladder.scale.points(logit(min(max(likelihood, tiny), 1 - tiny)))
    return int(min(max(points, 0.0), 100.0) + 0.5)
