"""History to challenger: the only place that knows the order of things.

intake (bad rows quarantined) -> snapshots and labels by time -> features -> evaluation on unseen
leads -> ladder on all -> check that contributions add up -> bundle -> registry as challenger.
Promotion is a separate act.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from features.arrays import Floats
from features.columns import readable
from features.errors import InputRefused
from models.bundle import Bundle, Versions, save
from models.ladder import LadderClassifier
from models.registry import Registered, Registry, Training
from models.retention import RetentionModel
from models.scorer import Scorer
from models.value import AmountModel
from training.card import make_card
from training.card_files import card_texts, write_cards
from training.censoring import teaching
from training.curve import Point, learning_curve
from training.dataset import Dataset, empty_dataset, load_dataset
from training.evaluate import Evaluation, evaluate, new_ladder
from training.evidence import evidence_of
from training.figures import rounded
from training.intake import write_quarantine
from training.leak_guard import guard
from training.plan import Plan, Progress, quiet
from training.plots import lift_plot, reliability_plot
from training.retention import learn_retention
from training.tune import Tuned, tune
from training.worth import learn_worth

STEPS = 7
ADDS_UP_WITHIN = 1e-6
"""Points by which a score may differ from the sum of its lines."""


@dataclass(frozen=True)
class Result:
    """What a training made.

    Attributes:
        dataset: the history it used.
        evaluation: on unseen leads; None when the history is too small to spare any.
        ladder: the fitted model.
        versions: of the bundle.
        folder: where the bundle is.
        largest_gap: the largest difference between a score and the sum of its lines, in points.
        registered: the registry's version; None when the plan did not ask.
        card: figures for people and machines.
        cards: the folder of the card as HTML and Markdown.
    """

    dataset: Dataset
    evaluation: Evaluation | None
    ladder: LadderClassifier
    versions: Versions
    folder: Path
    largest_gap: float
    registered: Registered | None
    card: dict[str, Any]
    cards: Path


class DoesNotAddUp(AssertionError):
    """A score is not the sum of its lines: a defect of ours, and never served."""


def train(plan: Plan, progress: Progress = quiet) -> Result:
    """Run one training.

    Raises:
        LeakSuspected: when an input looks known only after the outcome and nobody accepted it.
        LeadpactError: when files or documents cannot be used, or nothing can be learned.
        DoesNotAddUp: when a score differs from the sum of its lines by more than 1e-6.
    """
    progress("Reading the history", 1, STEPS)
    dataset = _history(plan)
    write_quarantine(dataset.rejected, plan.workspace.quarantine)
    accepted = guard(dataset.everyone, dataset.fields, dataset.outcome, plan.accept_leaks)
    tuned = _tune(plan, dataset, progress)
    settings = None if tuned is None else tuned.settings
    how = plan.threads, plan.seed, settings
    progress("Testing on the leads held out", 2, STEPS)
    evaluation = evaluate(dataset, *how)
    curve: list[Point] = []
    if plan.curve and evaluation is not None:
        progress("Teaching parts of the history", 3, STEPS)
        curve = learning_curve(dataset, evaluation, *how)
    progress("Learning from all leads", 4, STEPS)
    ladder = new_ladder(dataset, *how)
    taught = teaching(dataset)
    taught.fit(ladder)
    progress("Checking that every score adds up", 5, STEPS)
    gap, scores = check_sums(dataset, ladder, plan.threads)
    progress("Writing the bundle", 6, STEPS)
    evidence = evidence_of(dataset) if ladder.out_of_fold_ else None
    card = make_card(dataset, evaluation, ladder, scores, accepted, curve, evidence, taught)
    card["tuning"] = None if tuned is None else rounded(tuned.as_json())
    documents = dataset.fields, dataset.rulebook, dataset.vocabulary
    bundle = Bundle(*documents, ladder.fitted_, card, *second_horizon(dataset))
    versions, folder = keep(bundle, plan)
    texts = card_texts(card, versions)
    cards = write_cards(plan.workspace, versions, texts)
    registered = None
    if plan.register:
        progress("Registering the challenger", 7, STEPS)
        told = _training(plan, dataset, evaluation, ladder, card, texts)
        registered = Registry(plan.workspace, plan.tracking_uri).log(told, folder, versions)
    return Result(dataset, evaluation, ladder, versions, folder, gap, registered, card, cards)


def _history(plan: Plan) -> Dataset:
    if plan.without_leads:
        if plan.leads or plan.activities or plan.outcomes:
            raise InputRefused("Files were named, and --without-leads looks at none. Leave one.")
        return empty_dataset(plan.workspace)
    return load_dataset(plan.workspace, plan.leads, plan.activities, plan.outcomes)


def _tune(plan: Plan, dataset: Dataset, progress: Progress) -> Tuned | None:
    if not plan.tune:
        return None
    store = plan.workspace.home / "tuning.db"
    threads, seed = plan.threads, plan.seed
    return tune(dataset, plan.tune, store, threads, seed, lambda what: progress(what, 2, STEPS))


def second_horizon(dataset: Dataset) -> tuple[AmountModel | None, RetentionModel | None]:
    """What leads bring if they are won, and whether they stay; see `training.worth`.

    One thread of linear algebra: more would add up in another order, and the same history would
    make another bundle where there are more of them.
    """
    with threadpool_limits(1, user_api="blas"):
        return learn_worth(dataset), learn_retention(dataset)


def check_sums(
    dataset: Dataset, ladder: LadderClassifier, threads: int = 1
) -> tuple[float, Floats]:
    """Explain every lead that taught; the largest gap in points, and the scores (n,).

    Where none did, the leads that wait for their end.

    Raises:
        DoesNotAddUp: when the gap is above 1e-6.
    """
    blank = Versions("", "", "", "", "", "", "")
    fitted = replace(ladder.fitted_, threads=threads)
    bundle = Bundle(dataset.fields, dataset.rulebook, dataset.vocabulary, fitted, {})
    scorer = Scorer(bundle, blank)
    # The score comes from plain predictions, its lines from contributions: two roads that meet.
    leads = dataset if dataset.n else dataset.others
    if not leads.n:
        return 0.0, np.zeros(0)
    f = ladder.decision_function(leads.frame())
    exact = np.asarray(fitted.scale.points(f))
    scores = scorer.score_snapshot(leads.snapshot)
    told = [scores.explain(i) for i in range(scores.n)]
    lines = np.array([e.exact for e in told])
    shown = np.array([sum(line.points for line in e.lines) for e in told])
    gaps = np.maximum(np.abs(lines - exact), np.abs(shown - np.clip(exact, 0, 100)))
    gap = float(gaps.max())
    if gap > ADDS_UP_WITHIN:
        worst = int(gaps.argmax())
        raise DoesNotAddUp(
            f"Lead {leads.lead[worst]}: the score is {exact[worst]:.9f}, its lines add up to "
            f"{lines[worst]:.9f}. This is a defect of Leadpact's; nothing was saved."
        )
    return gap, exact


def keep(bundle: Bundle, plan: Plan) -> tuple[Versions, Path]:
    """Save a bundle under its own name in the workspace; it appears whole or not at all."""
    home = plan.workspace.home / "bundles"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".half-") as half:
        versions = save(bundle, Path(half) / "bundle")
        folder = plan.workspace.bundle(versions.model)
        if folder.exists():
            shutil.rmtree(folder)
        (Path(half) / "bundle").replace(folder)
    return versions, folder


def _training(
    plan: Plan,
    dataset: Dataset,
    evaluation: Evaluation | None,
    ladder: LadderClassifier,
    card: dict[str, Any],
    texts: dict[str, str],
) -> Training:
    parameters = {**ladder.get_params(), "seed": plan.seed, "half_life": ladder.half_life_}
    parameters |= {f"weight_{rung}": w for rung, w in ladder.fitted_.weights.items()}
    metrics: dict[str, float] = {"leads": float(dataset.n), "conversions": float(dataset.y.sum())}
    figures = {}
    if evaluation is not None:
        metrics |= {f"test_{k}": float(v) for k, v in evaluation.leadpact.items()}
        metrics |= {f"rulebook_{k}": float(v) for k, v in evaluation.rulebook.items()}
        simulated = dataset.fields.simulated
        figures = {
            "reliability.png": reliability_plot(evaluation, simulated),
            "lift.png": lift_plot(evaluation, simulated),
        }
    tags = {
        "leadpact.data_sha256": card["data_sha256"],
        "leadpact.rulebook": dataset.rulebook.edition,
        "leadpact.simulated": str(dataset.fields.simulated).lower(),
    }
    return Training(parameters, metrics, tags, figures, example_of(dataset), texts)


def example_of(dataset: Dataset) -> Any:
    """A few raw leads under the export's own column names, as texts."""
    import pandas as pd

    told = {}
    for field in readable(dataset.fields):
        if field.name in dataset.everyone:
            values = dataset.everyone[field.name][:3]
            told[field.column] = [_raw(v) for v in values]
    return pd.DataFrame(told, dtype=object)


def _raw(value: Any) -> str | None:
    if value is None or value != value or (isinstance(value, np.datetime64) and np.isnat(value)):
        return None
    return f"{value:.15g}" if isinstance(value, float) else str(value)
