"""The front door: the command line. The only room that knows both training and serving.

Exit codes: 0 done; 1 done, but rows were set aside or a check failed; 2 wrong call; 3 a file or a
document cannot be used; 4 nothing to learn; 5 no model, or a bundle was refused.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import (
    BundleRefused,
    DocumentRefused,
    InputRefused,
    LeadpactError,
    NothingToLearn,
)
from models.workspace import NoChampion, Workspace

if TYPE_CHECKING:
    import numpy as np

    from training.plan import Progress

app = typer.Typer(
    help="One lead score that marketing and sales both signed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
rulebook_app = typer.Typer(help="The agreement between marketing and sales.", no_args_is_help=True)
app.add_typer(rulebook_app, name="rulebook")

Folder = Annotated[Path, typer.Option("-w", "--workspace", help="The workspace's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Leads = Annotated[Path | None, typer.Option(help="Leads file; default: as fields.yaml says.")]
Activities = Annotated[Path | None, typer.Option(help="Activities file.")]
Outcomes = Annotated[Path | None, typer.Option(help="Outcomes file.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Threads = Annotated[int, typer.Option(help="Threads of LightGBM; results do not depend on it.")]
Tracking = Annotated[
    str | None,
    typer.Option(envvar="LEADPACT_TRACKING_URI", help="MLflow store; default: the workspace's."),
]
AsOf = Annotated[str | None, typer.Option("--as-of", help="ISO 8601 instant; default: now.")]

_HERE = Path()
_CODES: tuple[tuple[type[LeadpactError], int], ...] = (
    (NothingToLearn, 4),
    (NoChampion, 5),
    (BundleRefused, 5),
    (InputRefused, 3),
    (DocumentRefused, 3),
    (LeadpactError, 2),
)


def main() -> None:
    """Run the command line; errors a user can mend are one message and an exit code."""
    try:
        app()
    except LeadpactError as error:
        if "--json" in sys.argv:
            print(json.dumps({"error": type(error).__name__, "detail": str(error)}))  # noqa: T201
        else:
            typer.echo(f"leadpact: {error}", err=True)
        sys.exit(next(code for kind, code in _CODES if isinstance(error, kind)))


def _say(value: object) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def _now() -> datetime:
    return datetime.now(UTC)


def _instant(told: str | None) -> np.datetime64:
    import numpy as np

    from features.values import parse_instant

    if told is None:
        return np.datetime64(_now().replace(tzinfo=None), "us")
    try:
        return parse_instant(told)
    except ValueError as error:
        raise InputRefused(
            f"--as-of is {told!r}; write an instant such as 2026-11-24T11:58:00Z."
        ) from error


@contextmanager
def _progress(silent: bool) -> Iterator[Progress]:
    """A bar on standard error; nothing when machines listen."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=silent) as bar:
        task = bar.add_task("Starting", total=None)

        def told(what: str, step: int, of: int) -> None:
            bar.update(task, description=what, completed=step - 1, total=of)

        yield told
        bar.update(task, description="Done", completed=1, total=1)


@app.command()
def sample(
    workspace: Folder = _HERE,
    leads: Annotated[int, typer.Option(help="How many leads to simulate.")] = 20_000,
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Write the simulated company: leads, activities, outcomes, fields and a rulebook."""
    from training.sample import write_workspace

    told = write_workspace(workspace, leads, seed)
    if as_json:
        _say(told)
        return
    counts = ", ".join(f"{n:,} {what}" for what, n in told["rows"].items())
    typer.echo(f"A simulated company is in {workspace}: {counts}. Now: leadpact train")


@app.command()
def init(
    leads: Annotated[Path, typer.Argument(help="The CRM's export: CSV or Parquet.")],
    converted: Annotated[str, typer.Option(help="Column that tells the outcome.")],
    as_of: Annotated[str | None, typer.Option(help="Column with each lead's instant.")] = None,
    lead: Annotated[str | None, typer.Option(help="Column with the lead's id.")] = None,
    workspace: Folder = _HERE,
    force: Annotated[bool, typer.Option(help="Replace files that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draft fields.yaml and rulebook.yaml from a leads file."""
    from training.draft import draft_workspace

    notes = draft_workspace(
        leads, workspace, converted=converted, as_of=as_of, lead=lead, force=force
    )
    if as_json:
        _say({"workspace": str(workspace), "notes": notes})
        return
    for note in notes:
        typer.echo(f"- {note}")
    typer.echo(f"Drafted fields.yaml and rulebook.yaml in {workspace}. Read them, then: train")


@app.command()
def train(
    workspace: Folder = _HERE,
    leads: Leads = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    seed: Seed = 0,
    threads: Threads = 2,
    tracking_uri: Tracking = None,
    as_json: AsJson = False,
) -> None:
    """Learn from history, test on unseen leads, register the model as challenger."""
    from rich.console import Console

    from training.console import show_training
    from training.pipeline import train as run
    from training.plan import Plan

    plan = Plan(
        Workspace(workspace), leads, activities, outcomes, threads, seed, True, tracking_uri
    )
    with _progress(as_json) as told:
        result = run(plan, told)
    if as_json:
        r = result.registered
        registered = None if r is None else vars(r)
        _say(
            {
                "model": result.versions.model,
                "versions": vars(result.versions),
                "bundle": str(result.folder),
                "registered": registered,
                "largest_gap": result.largest_gap,
                "quarantine": str(plan.workspace.quarantine),
                "card": result.card,
            }
        )
        return
    show_training(Console(), result)


@app.command()
def evaluate(
    workspace: Folder = _HERE,
    leads: Leads = None,
    activities: Activities = None,
    outcomes: Outcomes = None,
    seed: Seed = 0,
    threads: Threads = 2,
    as_json: AsJson = False,
) -> None:
    """Teach on the older leads, test on the newest 30 %; nothing is saved."""
    from rich.console import Console

    from training.console import metrics_table
    from training.dataset import load_dataset
    from training.evaluate import evaluate as run

    with _progress(as_json) as told:
        told("Reading the history", 1, 2)
        dataset = load_dataset(Workspace(workspace), leads, activities, outcomes)
        told("Testing on the leads held out", 2, 2)
        found = run(dataset, threads, seed)
    if found is None:
        raise NothingToLearn(
            f"{dataset.n} leads with {int(dataset.y.sum())} conversions are too few to hold any "
            "out: both parts need leads that converted and leads that did not."
        )
    told_json = found.as_json()
    if as_json:
        _say(told_json | {"simulated": dataset.fields.simulated})
    else:
        Console().print(metrics_table(told_json, dataset.fields.simulated))


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="Leads: CSV, Parquet or NDJSON.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Scores: the same formats.")],
    workspace: Folder = _HERE,
    activities: Activities = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Score a file of leads with the champion, streaming."""
    from training.score_file import score_file

    scorer = _scorer(workspace)
    with _progress(as_json) as told:
        done = score_file(
            scorer,
            file,
            out,
            _activities(workspace, scorer.fields.sources.activities, activities),
            _instant(as_of),
            lambda rows: told(f"Scored {rows:,} rows", 1, 1),
        )
    if as_json:
        _say(vars(done) | {"out": str(out), "simulated": scorer.simulated})
    else:
        typer.echo(f"{done.scored:,} leads scored into {out}.")
        if done.set_aside:
            typer.echo(f"{done.set_aside:,} rows set aside; why is in {done.quarantine}.", err=True)
    raise typer.Exit(1 if done.set_aside else 0)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(metavar="LEAD_ID|FILE", help="A lead, or a leads file.")],
    workspace: Folder = _HERE,
    activities: Activities = None,
    as_of: AsOf = None,
    most: Annotated[int, typer.Option(help="Leads of a file to explain.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Take a lead's score apart, to the last point."""
    from rich.console import Console

    from training.console import lead_as_json, show_lead
    from training.explain import find_leads

    scorer = _scorer(workspace)
    columns, ids = find_leads(what, workspace, scorer.fields, most)
    seen = _activities(workspace, scorer.fields.sources.activities, activities)
    import numpy as np

    scores = scorer.score(columns, seen, np.full(columns.n, _instant(as_of)))
    if as_json:
        _say([lead_as_json(lead, scores, i, scorer) for i, lead in enumerate(ids)])
        return
    for i, lead in enumerate(ids):
        show_lead(Console(), lead, scores, i, scorer)


@app.command()
def promote(
    version: Annotated[str | None, typer.Argument(help="Default: the challenger.")] = None,
    workspace: Folder = _HERE,
    tracking_uri: Tracking = None,
) -> None:
    """Make a registered model the champion: the one that serves."""
    from models.registry import Registry

    found = Registry(Workspace(workspace), tracking_uri).promote(version)
    typer.echo(f"{found.name} version {found.version} (model {found.model}) is champion.")


@app.command()
def pull(workspace: Folder = _HERE, tracking_uri: Tracking = None) -> None:
    """Fetch the registry's champion into the workspace, to serve it here."""
    from models.registry import Registry

    found = Registry(Workspace(workspace), tracking_uri).pull()
    typer.echo(f"{found.name} version {found.version} (model {found.model}) serves here.")


@app.command()
def serve(
    workspace: Folder = _HERE,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.")] = 1,
) -> None:
    """Serve the champion over HTTP."""
    import uvicorn

    bundle = Workspace(workspace).champion()
    os.environ["LEADPACT_BUNDLE"] = str(bundle.resolve())
    # One thread per pool and one process per core; OpenMP on shared cores costs far more.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    typer.echo(f"Model {bundle.name}. Open http://{host}:{port}/ or read {host}:{port}/docs")
    uvicorn.run(
        "serving.bootstrap:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
    )


@app.command()
def mlflow(
    workspace: Folder = _HERE,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 5000,
    tracking_uri: Tracking = None,
) -> None:
    """Open the MLflow UI on the workspace's store."""
    home = Workspace(workspace)
    uri = tracking_uri or home.tracking_uri
    environment = {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    typer.echo(f"MLflow on {uri}: http://127.0.0.1:{port}/", err=True)
    call = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri]
    os.execve(  # noqa: S606  # our own interpreter, our own arguments
        sys.executable, [*call, "--host", "127.0.0.1", "--port", str(port)], environment
    )


@rulebook_app.command("check")
def rulebook_check(workspace: Folder = _HERE, as_json: AsJson = False) -> None:
    """Hold the rulebook against the fields, and run its test cases."""
    from features.rulebook.check import complaints, run_cases

    fields, rulebook = Workspace(workspace).fields(), Workspace(workspace).rulebook()
    wrong = complaints(rulebook, fields)
    verdicts = [] if wrong else run_cases(rulebook, fields)
    failed = bool(wrong) or any(not v.holds for v in verdicts)
    if as_json:
        told: dict[str, Any] = {"complaints": wrong, "tests": [vars(v) for v in verdicts]}
        _say(told | {"holds": not failed, "sha256": rulebook.fingerprint()})
    else:
        for line in wrong:
            typer.echo(f"x {line}")
        for v in verdicts:
            typer.echo(f"{'ok' if v.holds else 'x '} {v.says}{': ' + v.why if v.why else ''}")
        held = sum(v.holds for v in verdicts)
        typer.echo(f"Edition {rulebook.edition}: {held} of {len(verdicts)} tests hold.")
    raise typer.Exit(1 if failed else 0)


def _scorer(folder: Path) -> Any:
    from models.scorer import Scorer

    return Scorer.load(Workspace(folder).champion())


def _activities(folder: Path, named: str | None, told: Path | None) -> Any:
    from features.activities import from_activity_frame
    from features.timeline import no_activities
    from training.tables import read_table

    path = told or (folder / named if named else None)
    if path is None:
        return no_activities()
    return from_activity_frame(read_table(path))[0]


if __name__ == "__main__":
    main()
