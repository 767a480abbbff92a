"""What a person may ask for, from the operator's shell; and how long things are kept."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import InputRefused, LeadpactError
from models.workspace import Workspace
from serving.commands.access import OPERATOR
from serving.commands.store import Folder, Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from serving.record import Record
    from serving.storage.database import Database

app = typer.Typer()
room = typer.Typer(help="What persons may ask for, and how long things are kept.")
app.add_typer(room, name="privacy")
_HERE = Path()
Email = Annotated[
    str, typer.Argument(help="An address; - reads it from standard input, for no shell to keep.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
ATTEMPTS = 5
"""How often a use case is run anew after it met another writer."""


class OthersFaster(LeadpactError):
    """Other writers were faster each time."""


@room.command("export")
def export_person(email: Email, workspace: Folder = _HERE, database_url: Store = None) -> None:
    """Print everything that is kept of a person, as JSON."""
    from serving.bootstrap import now, opened_store
    from serving.privacy.telling import count_of, tell_person
    from serving.storage.audit import AuditLog

    address, at = _address(email), now()
    home = Workspace(workspace)
    with opened_store(home, database_url) as database, database.transaction() as connection:
        told = tell_person(connection, address, at)
        AuditLog(connection).append(at, OPERATOR, "person exported", "", count_of(told))
    typer.echo(json.dumps(told, indent=1, ensure_ascii=False))


@room.command("erase")
def erase_person(
    email: Email, workspace: Folder = _HERE, database_url: Store = None, as_json: AsJson = False
) -> None:
    """Erase a person from leads, events, scores, kept answers and copies for training."""
    from serving.bootstrap import now, opened_store
    from serving.privacy.erasing import erase
    from serving.privacy.person import check_address
    from serving.privacy.rules import refused_for
    from serving.reading import instant_text
    from serving.storage.base import to_number

    address, home = check_address(_address(email)), Workspace(workspace)
    time = refused_for(workspace)
    with opened_store(home, database_url) as database:
        write = _writer(database, home)
        removed = write(lambda record: erase(record, address, OPERATOR, time))
        database.settle()
    until = instant_text(to_number(now() + time))
    if as_json:
        typer.echo(json.dumps({"removed": removed, "refused_until": until}))
        return
    counts = ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in removed.items())
    typer.echo(f"Removed: {counts}.")
    typer.echo(f"Nothing is taken of this person until {until} unless they agree anew.")
    if removed["copies_gone"]:
        typer.echo(
            f"{removed['copies_gone']} copies for training are no longer where they were written; "
            "remove the person where they went.",
            err=True,
        )


@room.command()
def retain(
    workspace: Folder = _HERE,
    database_url: Store = None,
    dry_run: Annotated[bool, typer.Option(help="Count what would go; remove nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what is older than retention.yaml allows, in pieces, beside a running service."""
    from serving.bootstrap import now, opened_store
    from serving.privacy.retention import count_due, due, remove_some
    from serving.privacy.rules import read_retention

    home, rules, at = Workspace(workspace), read_retention(workspace), now()
    with opened_store(home, database_url) as database:
        if dry_run:
            with database.reading() as connection:
                counts = count_due(connection, rules, at)
        else:
            write, counts = _writer(database, home), {}
            for one in due(rules, at):
                remove = partial(remove_some, one=one, actor=OPERATOR)
                counts[one.kind] = sum(iter(partial(write, remove), 0))
            database.settle()
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "counts": counts}))
        return
    told = ", ".join(f"{n:,} {kind}" for kind, n in counts.items())
    typer.echo(f"{'Would go' if dry_run else 'Gone'}: {told}.")


def _address(told: str) -> str:
    """The address as told, or the first line of standard input."""
    if told != "-":
        return told
    line = sys.stdin.readline().strip()
    if not line:
        raise InputRefused("Standard input is empty; write an address to it.")
    return line


def _writer(database: Database, home: Workspace) -> Callable[[Callable[[Record], Any]], Any]:
    """Runs a use case in a transaction of its own, anew where another writer was faster."""
    from models.scorer import Scorer
    from serving.answering import answering
    from serving.bootstrap import now
    from serving.record import Collision, Record

    scorer = answering(database, Scorer.load(home.champion()), now())

    def write(work: Callable[[Record], Any]) -> Any:
        for _ in range(ATTEMPTS):
            try:
                with database.transaction() as connection:
                    return work(Record(connection, scorer, now()))
            except Collision:
                continue
        raise OthersFaster("Other writers were faster each time. Nothing was changed. Try again.")

    return write
