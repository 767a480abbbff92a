"""Disputes: somebody says that a score is too high or too low, and the outcome settles it.

When the lead's end is known, the rulebook's likelihood (its agreed points on the scale that was
signed) and the model's are held against it in log loss. One lead proves little; the ledger counts
them per side and per criterion.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row

from features.rulebook.document import Rulebook
from features.stages import FINAL
from models.scale import Scale, sigmoid
from models.scorer import Scorer
from serving.access.caller import Caller, Conflict
from serving.access.secrets import new_id
from serving.canonical import read
from serving.editions import NoSuchEdition, find_edition
from serving.pact.ending import ended
from serving.reading import instant_text, no_such_lead
from serving.record import Record
from serving.reproducing import NotReproducible, inputs_of
from serving.rescoring import score_inputs
from serving.storage.audit import AuditLog
from serving.storage.base import from_number, to_number
from serving.storage.handoffs import DisputeStore

TOO_HIGH, TOO_LOW = "too high", "too low"
_SURE = 1e-6
"""No likelihood is taken as surer than this: an infinite loss says nothing."""


@dataclass(frozen=True)
class Contested:
    """What is said of a lead's score: `says` is too high or too low."""

    says: str
    why: str
    criterion: str | None = None


def contest(record: Record, lead_id: str, told: Contested, caller: Caller) -> str:
    """Keep a dispute about the score that a lead has now; its id.

    Raises:
        Trouble: when there is no such lead.
        Conflict: when the lead has no score or has ended, or this team disputes it already.
    """
    row = record.hold([lead_id]).get(lead_id)
    if row is None:
        raise no_such_lead(lead_id)
    if row.score_seq is None or row.stage in FINAL:
        raise Conflict("The lead has no score, or its end is known: there is nothing to dispute.")
    store = DisputeStore(record.connection)
    open_ones = (d for d in store.of_lead(lead_id) if d.settled_at is None)
    if any(d.side == caller.role for d in open_ones):
        raise Conflict(f"{caller.role.capitalize()} disputes this lead's score already.")
    dispute_id = new_id()
    store.add(
        {
            "id": dispute_id,
            "lead_id": lead_id,
            "score_id": record.scores.by_seq(row.score_seq).id,
            "side": caller.role,
            "says": told.says,
            "criterion": told.criterion,
            "why": told.why,
            "opened_by": caller.actor,
            "opened_at": to_number(record.now),
        }
    )
    log = AuditLog(record.connection)
    log.append(record.now, caller.actor, "score disputed", f"dispute {dispute_id}")
    return dispute_id


def settle(record: Record, challenger: Scorer | None = None) -> int:
    """Settle every dispute whose lead's end is known; how many.

    Args:
        challenger: the model that waits for its promotion: what it would have said is compared too.
    """
    store, count = DisputeStore(record.connection), 0
    for row in store.unsettled():
        score = record.scores.find(row.score_id)
        if score is None:
            continue
        answer = read(score.answer)
        book = _book_of(record, answer)
        converted = ended(record, row.lead_id, from_number(score.as_of), book.horizon_days)
        if converted is None:
            continue
        by_rulebook = _loss(_stated_likelihood(book, answer), converted)
        by_model = _loss(answer["likelihood"], converted)
        other = None if challenger is None else _told_by(record, challenger, row.score_id)
        by_other = None if other is None else _loss(other, converted)
        store.write(
            row.id,
            {
                "settled_at": to_number(record.now),
                "converted": converted,
                "closer": _closer(by_rulebook, by_model, by_other),
                "was_right": converted == (row.says == TOO_LOW),
                "rulebook_loss": by_rulebook,
                "model_loss": by_model,
                "challenger": challenger.versions.model if challenger and other else None,
                "challenger_loss": by_other,
            },
        )
        count += 1
    if count:
        log = AuditLog(record.connection)
        log.append(record.now, "system", "disputes settled", "", {"disputes": count})
    return count


def _book_of(record: Record, answer: dict[str, Any]) -> Rulebook:
    """The edition that the score names; the one that answers where the store is older."""
    try:
        sha256 = str(answer["versions"]["rulebook_sha256"])
        return find_edition(record.connection, sha256).rulebook
    except NoSuchEdition:
        return record.book.scorer.rulebook


def _stated_likelihood(book: Rulebook, answer: dict[str, Any]) -> float:
    agreed = sum(r["agreed"] for r in answer["reasons"] if r["kind"] != "limit")
    told = book.scale
    scale = Scale(told.anchor_points, told.anchor_likelihood, told.points_to_double_odds)
    return float(sigmoid(np.array([scale.log_odds(float(agreed))]))[0])


def _loss(p: float, converted: bool) -> float:
    sure = min(max(p, _SURE), 1 - _SURE)
    return -math.log(sure if converted else 1 - sure)


def _told_by(record: Record, challenger: Scorer, score_id: str) -> float | None:
    """The likelihood that the challenger would have told; None where it cannot know."""
    try:
        inputs, as_of = inputs_of(record.connection, score_id)
    except NotReproducible:
        return None
    return float(score_inputs(challenger, inputs, as_of)["likelihood"])


def _closer(by_rulebook: float, by_model: float, by_challenger: float | None) -> str:
    losses = {"rulebook": by_rulebook, "model": by_model}
    # A challenger that says what the model says is no better than it.
    if by_challenger is not None and not _even(by_challenger, by_model):
        losses["challenger"] = by_challenger
    best = min(losses, key=lambda who: losses[who])
    others = (loss for who, loss in losses.items() if who != best)
    return "neither" if any(_even(loss, losses[best]) for loss in others) else best


def _even(a: float, b: float) -> bool:
    return math.isclose(a, b, abs_tol=1e-9)


def _chance(row: Row[Any]) -> float:
    """How likely the dispute was to come out right had the model's likelihood been exact: most
    leads do not convert, so `too high` comes out right by itself more often than not."""
    agrees = math.exp(-row.model_loss)
    converts = agrees if row.converted else 1.0 - agrees
    return converts if row.says == TOO_LOW else 1.0 - converts


def dispute_as_json(row: Row[Any]) -> dict[str, Any]:
    """A dispute, and who was closer once it is settled."""
    names = ("id", "lead_id", "score_id", "side", "says", "criterion", "why", "converted")
    losses = ("closer", "was_right", "rulebook_loss", "model_loss", "challenger", "challenger_loss")
    told = {name: getattr(row, name) for name in (*names, *losses)}
    at = {name: instant_text(getattr(row, name)) for name in ("opened_at", "settled_at")}
    return told | at


def ledger(record: Record, limit: int) -> dict[str, Any]:
    """The newest disputes, and what all settled ones come to per side and per criterion."""
    store = DisputeStore(record.connection)
    groups: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in store.settled():
        groups["side", row.side].append(row)
        if row.criterion is not None:
            groups["criterion", row.criterion].append(row)
    told = [{"by": by, "value": value, **_sum(rows)} for (by, value), rows in groups.items()]
    told.sort(key=lambda g: (g["by"], -g["settled"], g["value"]))
    disputes = [
        dispute_as_json(row) | {"settles_by": _settles_by(record, row)}
        for row in store.latest(limit)
    ]
    return {"disputes": disputes, "ledger": told}


def _settles_by(record: Record, row: Row[Any]) -> str | None:
    """When the horizon of a disputed score is over; None once it is settled, or without score."""
    score = None if row.settled_at is not None else record.scores.find(row.score_id)
    if score is None:
        return None
    days = np.timedelta64(round(_book_of(record, read(score.answer)).horizon_days), "D")
    return instant_text(to_number(from_number(score.as_of) + days))


def _sum(rows: list[Row[Any]]) -> dict[str, Any]:
    n = len(rows)
    others = [r.challenger_loss for r in rows if r.challenger_loss is not None]
    return {
        "settled": n,
        "right": sum(r.was_right for r in rows),
        "right_by_model": sum(_chance(r) for r in rows),
        "rulebook_closer": sum(r.closer == "rulebook" for r in rows),
        "model_closer": sum(r.closer == "model" for r in rows),
        "challenger_closer": sum(r.closer == "challenger" for r in rows),
        "rulebook_loss": sum(r.rulebook_loss for r in rows) / n,
        "model_loss": sum(r.model_loss for r in rows) / n,
        "challenger_loss": sum(others) / len(others) if others else None,
    }
