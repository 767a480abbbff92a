"""`leadpact align`: the model follows the edition in force without a training from scratch."""

from __future__ import annotations

from dataclasses import asdict

import typer

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
    champion,
    say,
)

app = typer.Typer()


@app.command()
def align(
    workspace: Folder = HERE,
    leads: Leads = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    seed: Seed = 0,
    threads: Threads = 2,
    tracking_uri: Tracking = None,
    accept_leak: AcceptLeak = None,
    as_json: AsJson = False,
) -> None:
    """Align the champion to rulebook.yaml: agreed points, what is learned beside them and the scale
    are fitted anew, learned corrections are kept. Registers a challenger if the gate is passed.
    Suspicious inputs that the champion's training accepted stay accepted.

    `leadpact rulebook export` writes the edition in force to rulebook.yaml.
    """
    from training.align import run_alignment
    from training.plan import Plan

    files = leads, activities, outcomes
    accepted = tuple(accept_leak or ())
    plan = Plan(
        Workspace(workspace),
        *files,
        threads,
        seed,
        tracking_uri=tracking_uri,
        accept_leaks=accepted,
    )
    found = run_alignment(plan, champion(workspace))
    if as_json:
        registered = None if found.registered is None else vars(found.registered)
        told = {"model": found.versions.model, "versions": vars(found.versions)}
        own = {"log_loss_own_edition": found.log_loss_own}
        say(told | {"gate": asdict(found.gate), "registered": registered} | own)
        return
    g = found.gate
    typer.echo(
        f"Model {found.versions.model} is aligned to edition {found.versions.rulebook} (was "
        f"{found.before.aligned_to}). On {g.leads:,} leads: log loss {g.log_loss:.4f}, "
        f"{g.log_loss_before:.4f} as the champion answers now, {found.log_loss_own:.4f} under its "
        f"own edition; calibration error {g.ece:.4f}, {g.ece_before:.4f} now."
    )
    if found.registered is not None:
        typer.echo(f"It is challenger, version {found.registered.version}. Next: leadpact promote")
