"""From history to a model: sample, init, train, evaluate."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.errors import NothingToLearn
from models.workspace import Workspace
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
    Tracking,
    progress,
    say,
)

app = typer.Typer()


@app.command()
def sample(
    workspace: Folder = HERE,
    leads: Annotated[int, typer.Option(help="How many leads to simulate.", min=1)] = 20_000,
    seed: Seed = 7,
    exploration: Annotated[
        float, typer.Option(help="Share of left-behind leads worked by lot.", min=0, max=1)
    ] = 0.0,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Its history ends within the week before this day; nothing but dates differs. "
            "Default: 1 September 2026.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the simulated company: leads, activities, outcomes, fields and a rulebook."""
    from training.sample import write_workspace

    day = None if until is None else until.replace(tzinfo=UTC)
    told = write_workspace(workspace, leads, seed, exploration, day)
    if as_json:
        say(told)
        return
    counts = ", ".join(f"{n:,} {what}" for what, n in told["rows"].items())
    typer.echo(f"A simulated company is in {workspace}: {counts}.")
    typer.echo(f"Next: leadpact train -w {workspace}")


@app.command()
def init(
    leads: Annotated[
        Path | None,
        typer.Argument(help="The CRM's export: CSV, Parquet or NDJSON. Without it, no leads yet."),
    ] = None,
    converted: Annotated[str | None, typer.Option(help="Column that tells the outcome.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Column with each lead's instant.")] = None,
    lead: Annotated[str | None, typer.Option(help="Column with the lead's id.")] = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    workspace: Folder = HERE,
    force: Annotated[bool, typer.Option(help="Replace files that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draft fields.yaml and rulebook.yaml from a leads file, or to begin without leads."""
    from training.draft import draft_empty, draft_workspace

    if leads is None:
        if any((converted, as_of, lead, activities, outcomes)):
            raise typer.BadParameter("Columns and files are told beside a leads file; name it.")
        notes = draft_empty(workspace, force)
    elif converted is None:
        raise typer.BadParameter("Say with --converted which column tells the outcome.")
    else:
        notes = draft_workspace(
            leads,
            workspace,
            converted=converted,
            as_of=as_of,
            lead=lead,
            force=force,
            activities=activities,
            outcomes=outcomes,
        )
    if as_json:
        say({"workspace": str(workspace), "notes": notes})
        return
    for note in notes:
        typer.echo(f"- {note}")
    typer.echo(f"Drafted {workspace / 'fields.yaml'} and {workspace / 'rulebook.yaml'}.")
    more = " --without-leads" if leads is None else ""
    typer.echo(f"Read and correct them, then: leadpact train -w {workspace}{more}")


@app.command()
def train(
    workspace: Folder = HERE,
    leads: Leads = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    seed: Seed = 0,
    threads: Threads = 2,
    tracking_uri: Tracking = None,
    accept_leak: AcceptLeak = None,
    without_leads: Annotated[
        bool, typer.Option("--without-leads", help="Begin with none: scores are as agreed.")
    ] = False,
    curve: Annotated[bool, typer.Option(help="Also say what more history would buy.")] = True,
    tune: Annotated[
        int, typer.Option(help="Try so many settings of the boosters; resumable.", min=0)
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Learn from history, test on unseen leads, register the model as challenger."""
    from rich.console import Console

    from training.console import show_training
    from training.pipeline import train as run
    from training.plan import Plan

    plan = Plan(
        Workspace(workspace),
        leads,
        activities,
        outcomes,
        threads,
        seed,
        tracking_uri=tracking_uri,
        curve=curve,
        accept_leaks=tuple(accept_leak or ()),
        tune=tune,
        without_leads=without_leads,
    )
    with progress(as_json) as told:
        result = run(plan, told)
    if not as_json:
        show_training(Console(), result)
        return
    registered = None if result.registered is None else vars(result.registered)
    say(
        {
            "model": result.versions.model,
            "versions": vars(result.versions),
            "bundle": str(result.folder),
            "registered": registered,
            "largest_gap": result.largest_gap,
            "cards": str(result.cards),
            "quarantine": str(plan.workspace.quarantine),
            "card": result.card,
        }
    )


@app.command()
def evaluate(
    workspace: Folder = HERE,
    leads: Leads = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    seed: Seed = 0,
    threads: Threads = 2,
    accept_leak: AcceptLeak = None,
    as_json: AsJson = False,
) -> None:
    """Teach on the older leads, test on the newest 30 %; nothing is saved."""
    from rich.console import Console

    from training.console import metrics_table
    from training.dataset import load_dataset
    from training.evaluate import evaluate as run
    from training.leak_guard import guard

    with progress(as_json) as told:
        told("Reading the history", 1, 2)
        dataset = load_dataset(Workspace(workspace), leads, activities, outcomes)
        guard(dataset.everyone, dataset.fields, dataset.outcome, accept_leak or ())
        told("Testing on the leads held out", 2, 2)
        found = run(dataset, threads, seed)
    if found is None:
        raise NothingToLearn(
            f"{dataset.n} leads with {int(dataset.y.sum())} conversions are too few to hold any "
            "out: both parts need leads that converted and leads that did not."
        )
    if as_json:
        say(found.as_json() | {"simulated": dataset.fields.simulated})
    else:
        Console().print(metrics_table(found.as_json(), dataset.fields.simulated))
