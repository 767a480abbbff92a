"""`leadpact align`: the champion aligned to the edition in rulebook.yaml, in seconds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from features.arrays import Floats
from features.catalogue import Catalogue
from features.errors import InputRefused, LeadpactError, NothingToLearn
from features.fields import Fields
from features.rulebook.document import Rulebook
from models.aligning import Gate, Lower, align, gate, moved_by_points, unseen
from models.bundle import Bundle, Versions
from models.evidence.fit import stated_scale
from models.history import History, Leads
from models.ladder import split_frame
from models.registry import Registered, Registry, Training
from models.scorer import Scorer
from training.aligned_card import aligned_card
from training.card_files import card_texts, write_cards
from training.censoring import teaching
from training.dataset import Dataset, load_dataset
from training.evaluate import monotone_of
from training.leak_guard import guard
from training.pipeline import ADDS_UP_WITHIN, DoesNotAddUp, example_of, keep
from training.plan import Plan

_CHECKED = 500
"""Leads whose lines are added up before anything is kept."""


class NotAligned(LeadpactError):
    """The alignment would answer worse than the model does now; it was not registered."""


@dataclass(frozen=True)
class Alignment:
    """What an alignment came to.

    Attributes:
        before: versions of the champion.
        versions: of the aligned model.
        folder: its bundle.
        gate: against the champion as it answers under the new edition.
        log_loss_own: of the champion under its own edition, on the same leads.
        registered: as challenger; None when the plan did not ask.
    """

    before: Versions
    versions: Versions
    folder: Path
    gate: Gate
    log_loss_own: float
    registered: Registered | None


def run_alignment(plan: Plan, champion: Scorer) -> Alignment:
    """Align a champion to the workspace's rulebook, and register it if it passes the gate.

    Raises:
        InputRefused: when there is nothing to align, or the fields are others.
        LeakSuspected: when an input looks known only after the outcome, and neither the champion's
            training nor the plan accepted it.
        NothingToLearn: when history tells nothing of either outcome.
        NotAligned: when the gate is not passed.
        DoesNotAddUp: when a score is not the sum of its lines.
    """
    book, fields = plan.workspace.rulebook(), plan.workspace.fields()
    _check(champion, book, fields)
    new = _dataset(plan, champion, book)
    accepted = _guard(plan, champion, new)
    old = _dataset(plan, champion, champion.rulebook)
    history, was = _history(new), _history(old)
    if history.rarer < 2:
        raise NothingToLearn(
            "Fewer than two leads of one outcome are known: there is nothing to align by. Train "
            "from scratch, which starts from the rulebook alone."
        )
    monotone = monotone_of(fields)
    ladder = replace(champion.ladder, threads=plan.threads)
    after = align(ladder, stated_scale(book), history, monotone)
    judged, own = _judge(ladder, after, history, was, monotone, plan.seed)
    if not judged.passed:
        raise NotAligned(_why_not(judged))
    bundle = _bundle(champion, new, after, judged, plan.seed, accepted)
    _check_sums(bundle, new)
    versions, folder = keep(bundle, plan)
    texts = card_texts(bundle.card, versions)
    write_cards(plan.workspace, versions, texts)
    registered = None
    if plan.register:
        told = _training(plan, champion, new, judged, texts)
        registered = Registry(plan.workspace, plan.tracking_uri).log(told, folder, versions)
    return Alignment(champion.versions, versions, folder, judged, own, registered)


def _check(champion: Scorer, book: Rulebook, fields: Fields) -> None:
    if book.fingerprint() == champion.versions.rulebook_sha256:
        raise InputRefused(
            f"Model {champion.versions.model} is aligned to edition {book.edition} already. "
            "`leadpact rulebook export` writes the edition in force to rulebook.yaml."
        )
    if fields.fingerprint() != champion.versions.fields_sha256:
        raise InputRefused(
            "fields.yaml is not the one that the model was trained on; an alignment keeps what was "
            "learned of fields. Run `leadpact train`."
        )


def _dataset(plan: Plan, champion: Scorer, book: Rulebook) -> Dataset:
    """The history under an edition, with the features that the champion knows."""
    files = plan.leads, plan.activities, plan.outcomes
    found = load_dataset(plan.workspace, *files, rulebook=book)
    known = champion.vocabulary
    features = Catalogue.of(found.fields, known).compute(found.snapshot)
    others = replace(found.others, vocabulary=known)
    return replace(found, vocabulary=known, features=features, others=others)


def _guard(plan: Plan, champion: Scorer, dataset: Dataset) -> dict[str, str]:
    """Suspicious inputs that are accepted; those of the champion's training as its card says."""
    before: dict[str, str] = champion.card.get("accepted_leaks", {})
    accepted = *plan.accept_leaks, *before
    return guard(dataset.everyone, dataset.fields, dataset.outcome, accepted) | before


def _history(dataset: Dataset) -> History:
    taught, stated = teaching(dataset), stated_scale(dataset.rulebook)
    features, points, criteria = split_frame(taught.X, stated.anchor_points)
    leads = Leads(stated.log_odds(points), features, criteria)
    return History(leads, taught.y, taught.w, taught.order, taught.groups)


def _judge(
    ladder: Any,
    after: Lower,
    history: History,
    was: History,
    monotone: dict[str, int],
    seed: int,
) -> tuple[Gate, float]:
    """The gate, and the champion's own log loss before the edition was changed."""
    before = align(ladder, ladder.stated, was, monotone)
    rows, f = unseen(after, history, seed)
    same, own = unseen(before, was, seed)
    assert np.array_equal(rows, same)
    points = np.asarray(after.ladder.stated.points(history.leads.f0[rows]))
    now = moved_by_points(before.ladder, own, was.leads.take(rows), points)
    y = history.y[rows]
    return gate(f, now, y, seed), gate(f, own, y, seed).log_loss_before


def _why_not(found: Gate) -> str:
    return (
        f"On {found.leads:,} leads the aligned model has log loss {found.log_loss:.4f} against "
        f"{found.log_loss_before:.4f} of the model as it answers now (noise {found.noise:.4f}), "
        f"calibration error {found.ece:.4f} against {found.ece_before:.4f} (by chance "
        f"{found.ece_by_chance:.4f}). That is worse, so nothing was registered. Run "
        "`leadpact train`."
    )


def _bundle(
    champion: Scorer,
    dataset: Dataset,
    after: Lower,
    judged: Gate,
    seed: int,
    accepted: dict[str, str],
) -> Bundle:
    card = aligned_card(champion, dataset, after, judged, seed, accepted)
    ladder = replace(after.ladder, threads=champion.ladder.threads)
    worth = champion.amounts, champion.retention
    return Bundle(champion.fields, dataset.rulebook, champion.vocabulary, ladder, card, *worth)


def _check_sums(bundle: Bundle, dataset: Dataset) -> None:
    rows = np.arange(min(dataset.n, _CHECKED))
    scores = Scorer(bundle, Versions("", "", "", "", "", "", "")).score_snapshot(
        dataset.snapshot.take(rows)
    )
    lines: Floats = np.array([scores.explain(i).exact for i in range(scores.n)])
    gap = float(np.abs(lines - scores.exact).max(initial=0.0))
    if gap > ADDS_UP_WITHIN:
        raise DoesNotAddUp(f"Scores differ from their lines by {gap}: a defect of Leadpact's.")


def _training(
    plan: Plan, champion: Scorer, dataset: Dataset, judged: Gate, texts: dict[str, str]
) -> Training:
    metrics = {name: float(value) for name, value in asdict(judged).items()}
    tags = {
        "leadpact.data_sha256": dataset.fingerprint(),
        "leadpact.rulebook": dataset.rulebook.edition,
        "leadpact.aligned_from": champion.versions.model,
        "leadpact.simulated": str(dataset.fields.simulated).lower(),
    }
    return Training({"seed": plan.seed}, metrics, tags, {}, example_of(dataset), texts)
