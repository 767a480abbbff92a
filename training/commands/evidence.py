"""What history says about the agreement: evidence, replay, reconcile."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import NothingToLearn
from models.workspace import NoChampion, Workspace
from training.commands.common import (
    HERE,
    AcceptLeak,
    Activities,
    AsJson,
    Folder,
    Leads,
    Outcomes,
    Seed,
    Threads,
    progress,
    say,
)

if TYPE_CHECKING:
    from models.scorer import Scorer

app = typer.Typer()


@app.command()
def evidence(
    workspace: Folder = HERE,
    leads: Leads = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    suggest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a proposed edition into FILE.")
    ] = None,
    accept_leak: AcceptLeak = None,
    as_json: AsJson = False,
) -> None:
    """What history says each criterion is worth, with a verdict."""
    from rich.console import Console

    from models.evidence.suggest import suggest_edition
    from training.console_evidence import show_evidence, show_suggestion
    from training.dataset import load_dataset
    from training.evidence import evidence_of, try_suggestion, write_edition
    from training.labels import UNWORKED
    from training.leak_guard import guard

    with progress(as_json) as told:
        told("Reading the history", 1, 3)
        dataset = load_dataset(Workspace(workspace), leads, activities, outcomes)
        guard(dataset.everyone, dataset.fields, dataset.outcome, accept_leak or ())
        told("Weighing every criterion", 2, 3)
        found = evidence_of(dataset)
        told("Trying older evidence on newer leads", 3, 3)
        trial = try_suggestion(dataset)
    suggestion = suggest_edition(dataset.rulebook, found, dataset.fields)
    if suggest is not None:
        write_edition(suggestion.edition, suggest, Workspace(workspace))
    if as_json:
        say(
            {
                **asdict(found),
                "trial": None if trial is None else asdict(trial),
                "suggestion": {
                    "edition": suggestion.edition.edition,
                    "file": None if suggest is None else str(suggest),
                    "changes": [asdict(change) for change in suggestion.changes],
                    "tests_left_out": suggestion.left_out,
                },
                "states": dataset.states,
                "simulated": dataset.fields.simulated,
            }
        )
        return
    unworked = dataset.states.get(UNWORKED, 0)
    show_evidence(Console(), found, trial, unworked, dataset.fields.simulated)
    if suggest is not None:
        show_suggestion(Console(), suggestion, suggest)


@app.command()
def replay(
    proposal: Annotated[Path, typer.Argument(help="The proposed rulebook.", metavar="PROPOSAL")],
    workspace: Folder = HERE,
    leads: Leads = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    capacity: Annotated[
        float | None, typer.Option(help="Hand-overs that sales can work a week.", min=0)
    ] = None,
    cost: Annotated[
        float | None, typer.Option(help="What one hand-over costs, as amounts are told.", min=0)
    ] = None,
    segment: Annotated[
        list[str] | None, typer.Option(help="Field to compare leads by; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a proposed rulebook against matured history, before anyone signs."""
    from rich.console import Console

    from features.rulebook.document import read_rulebook
    from training.console_replay import show_replay
    from training.past import load_matured
    from training.replay import Asked
    from training.replay import replay as run

    home = Workspace(workspace)
    proposed, base = read_rulebook(proposal), home.rulebook()
    serving = _champion_if_any(home)
    with progress(as_json) as told:
        told("Reading the history", 1, 2)
        matured = load_matured(home, leads, activities, outcomes)
        told("Replaying", 2, 2)
        asked = Asked(capacity, cost, tuple(segment or ()))
        found = run(matured, base, proposed, asked, serving)
    if as_json:
        say({"edition": base.edition, "proposal": proposed.edition, **found.as_json()})
    else:
        show_replay(Console(), found)


def _champion_if_any(home: Workspace) -> Scorer | None:
    from models.scorer import Scorer

    try:
        return Scorer.load(home.champion())
    except NoChampion:
        return None


@app.command()
def reconcile(
    workspace: Folder = HERE,
    leads: Leads = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    seed: Seed = 0,
    threads: Threads = 2,
    accept_leak: AcceptLeak = None,
    as_json: AsJson = False,
) -> None:
    """Where rulebook and model disagree on unseen leads, why, and who was right."""
    from rich.console import Console

    from training.console_reconcile import show_reconciliation
    from training.dataset import load_dataset
    from training.leak_guard import guard
    from training.reconcile import reconcile as run

    with progress(as_json) as told:
        told("Reading the history", 1, 2)
        dataset = load_dataset(Workspace(workspace), leads, activities, outcomes)
        guard(dataset.everyone, dataset.fields, dataset.outcome, accept_leak or ())
        told("Teaching on the older leads, comparing on the newer", 2, 2)
        found = run(dataset, threads, seed)
    if found is None:
        raise NothingToLearn(
            f"{dataset.n} leads with {int(dataset.y.sum())} conversions are too few to compare: "
            "the older part must teach a model, and some newer leads must be left to test it."
        )
    if as_json:
        say(found.as_json())
    else:
        show_reconciliation(Console(), found)
