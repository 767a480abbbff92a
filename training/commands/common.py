"""What commands share: options, progress, answers for machines, the clock and the champion."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import InputRefused
from models.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

    from features.timeline import Activities as History
    from models.scorer import Scorer
    from training.plan import Progress

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
AcceptLeak = Annotated[
    list[str] | None,
    typer.Option(help="An input that looks known only after the outcome, used all the same."),
]
AsOf = Annotated[str | None, typer.Option("--as-of", help="ISO 8601 instant; default: now.")]

HERE = Path()


def say(value: object) -> None:
    """Answer a machine: indented JSON on standard output."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def instant(told: str | None) -> np.datetime64:
    """The instant a person named, or now, in UTC.

    Raises:
        InputRefused: when it is no instant.
    """
    import numpy as np

    from features.values import parse_instant

    if told is None:
        return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")
    try:
        return parse_instant(told)
    except (ValueError, OverflowError) as error:
        raise InputRefused(
            f"--as-of is {told!r}; write an instant such as 2026-11-24T11:58:00Z."
        ) from error


@contextmanager
def progress(silent: bool) -> Iterator[Progress]:
    """A bar on standard error, or a line a stage where that is no terminal; nothing when machines
    listen."""
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    if not silent and not sys.stderr.isatty():
        yield lambda what, step, of: typer.echo(f"{step}/{of} {what}", err=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), disable=silent) as bar:
        task = bar.add_task("Starting", total=None)

        def told(what: str, step: int, of: int) -> None:
            bar.update(task, description=what, completed=step - 1, total=of)

        yield told
        bar.update(task, description="Done", completed=1, total=1)


def champion(folder: Path) -> Scorer:
    """The scorer of the model that serves in this workspace.

    Raises:
        NoChampion: when there is none yet.
        BundleRefused: when its bundle is damaged.
    """
    from models.scorer import Scorer

    return Scorer.load(Workspace(folder).champion())


def activities_of(folder: Path, named: str | None, told: Path | None) -> History:
    """The activities a person named, or those the fields file names, or none."""
    from features.activity_frames import from_activity_frame
    from features.timeline import no_activities
    from training.tables import read_table

    path = told or (folder / named if named else None)
    if path is None:
        return no_activities()
    found, wrong = from_activity_frame(read_table(path))
    if wrong:
        rows = len({p.row for p in wrong})
        first = f"row {(wrong[0].row or 0) + 1}, {wrong[0].sentence()}"
        typer.echo(f"{rows:,} rows of {path.name} were not looked at; first: {first}", err=True)
    return found
