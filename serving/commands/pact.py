"""The rulebook's editions from the operator's shell: `leadpact rulebook export|import|...`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import InputRefused
from models.workspace import Workspace
from serving.commands.store import Folder, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from features.rulebook.document import Rulebook
    from serving.editions import Edition

rulebook = typer.Typer()
_HERE = Path()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Name = Annotated[str | None, typer.Argument(help="Name or sha256; default: the one in force.")]


@rulebook.command("export")
def export(
    edition: Name = None,
    to: Annotated[
        Path | None, typer.Option(help="Default: rulebook.yaml of the workspace.")
    ] = None,
    workspace: Folder = _HERE,
    database_url: Store = None,
) -> None:
    """Write an edition to rulebook.yaml, which training reads."""
    home = Workspace(workspace)
    found = _edition(home, database_url, edition)
    target = to or workspace / "rulebook.yaml"
    half = target.with_name(f".{target.name}.half")
    half.write_text(found.rulebook.text(), encoding="utf-8")
    half.replace(target)
    typer.echo(f"Edition {found.name} ({found.sha256[:12]}) is in {target}.")


@rulebook.command("import")
def import_rulebook(workspace: Folder = _HERE, database_url: Store = None) -> None:
    """Begin an empty store with rulebook.yaml; later editions come by proposals and signatures."""
    from serving.bootstrap import now, opened_store
    from serving.pact.seeding import begin

    home = Workspace(workspace)
    book = home.rulebook()
    with opened_store(home, database_url) as database:
        done = begin(database, home, now())
    if not done:
        raise InputRefused(
            "The store holds editions already, and an edition is never changed. Draft a proposal "
            "with this text: POST /v1/proposals."
        )
    typer.echo(f"Edition {book.edition} begins the store; nobody signed it there.")


@rulebook.command("log")
def log(workspace: Folder = _HERE, database_url: Store = None, as_json: AsJson = False) -> None:
    """Every edition, newest first: from when, and how it was agreed."""
    from serving.bootstrap import now
    from serving.pact.telling import PactReading

    with _reading(Workspace(workspace), database_url) as connection:
        told = PactReading(connection, now()).editions()["editions"]
    if as_json:
        typer.echo(json.dumps(told, indent=1))
        return
    for e in told:
        mark = "*" if e["in_force"] else " "
        since = e["effective_from"] or "the beginning"
        typer.echo(f"{mark} {e['name']}  {e['sha256'][:12]}  from {since}  {e['note']}")


@rulebook.command("show")
def show(
    edition: Name = None,
    workspace: Folder = _HERE,
    database_url: Store = None,
    as_json: AsJson = False,
) -> None:
    """An edition: its text, and who signed it."""
    from serving.bootstrap import now
    from serving.pact.telling import PactReading

    home = Workspace(workspace)
    found = _edition(home, database_url, edition)
    with _reading(home, database_url) as connection:
        told = PactReading(connection, now()).edition(found)
    if as_json:
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    typer.echo(f"# {told['name']}  sha256 {told['sha256']}  {told['note']}")
    for s in told["signatures"]:
        typer.echo(f"# signed for {s['team']} by person {s['person_id']} at {s['at']}")
    typer.echo(told["text"], nl=False)


@rulebook.command("diff")
def diff(
    old: Annotated[str, typer.Argument(help="A file, or the name or sha256 of an edition.")],
    new: Annotated[str, typer.Argument(help="Another.")],
    workspace: Folder = _HERE,
    database_url: Store = None,
    as_json: AsJson = False,
) -> None:
    """Say what changed between two editions, each a file or in the store."""
    from dataclasses import asdict

    from features.rulebook.diff import diff as changed

    home = Workspace(workspace)
    before, after = (_rulebook(home, database_url, told) for told in (old, new))
    changes = changed(before, after)
    if as_json:
        sums = {"old_sha256": before.fingerprint(), "new_sha256": after.fingerprint()}
        told = {**sums, "changes": [asdict(change) for change in changes]}
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    for change in changes:
        typer.echo(f"{ {'added': '+', 'removed': '-', 'changed': '~'}[change.what] } {change.says}")
    if not changes:
        typer.echo("Both say the same, word for word.")


def _rulebook(home: Workspace, database_url: str | None, told: str) -> Rulebook:
    from features.rulebook.document import read_rulebook

    file = Path(told)
    return read_rulebook(file) if file.is_file() else _edition(home, database_url, told).rulebook


def _edition(home: Workspace, database_url: str | None, name: str | None) -> Edition:
    from serving.bootstrap import now
    from serving.editions import find_edition, in_force

    with _reading(home, database_url) as connection:
        if name is not None:
            return find_edition(connection, name)
        found = in_force(connection, now())
    if found is None:
        raise InputRefused("The store holds no edition yet. `leadpact rulebook import` begins it.")
    return found


def _reading(home: Workspace, database_url: str | None) -> AbstractContextManager[Connection]:
    from contextlib import contextmanager

    from serving.bootstrap import opened_store

    @contextmanager
    def opened() -> Iterator[Connection]:
        with opened_store(home, database_url) as database, database.reading() as connection:
            yield connection

    return opened()
