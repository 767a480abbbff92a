"""Other systems' side: `leadpact export` for a CRM's import, `leadpact connect` for Tryton."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from features.errors import InputRefused
from models.workspace import Workspace
from serving.commands.store import HERE, Folder, Store

if TYPE_CHECKING:
    from serving.mappings.document import Mapping

app = typer.Typer()
connecting = typer.Typer(
    help="Ask a CRM what changed, and write scores back.", no_args_is_help=True
)
app.add_typer(connecting, name="connect")


@app.command()
def export(
    for_: Annotated[
        str,
        typer.Option(
            "--for", help="hubspot, salesforce, dynamics, odoo, or a mapping of your own."
        ),
    ],
    workspace: Folder = HERE,
    database_url: Store = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; without it standard output.")
    ] = None,
) -> None:
    """Write score, grade and top reasons of every scored lead as CSV for a CRM's import.

    The file is UTF-8 and appears whole or not at all. What is left out is told on standard error.
    """
    from serving.bootstrap import opened_store
    from serving.crm_export import write_scores

    mapping, others = _mappings(workspace, for_)
    with (
        opened_store(Workspace(workspace), database_url) as database,
        database.reading() as connection,
        _whole(out) as file,
    ):
        done = write_scores(connection, mapping, others, file)
    typer.echo(
        f"{done.leads:,} leads are written for {for_}." if done.leads
        else f"No lead here has a score for {for_}: the file is a header alone.",
        err=True,
    )  # fmt: skip
    if done.unscored:
        typer.echo(f"{done.unscored:,} are left out: their persons want no score.", err=True)
    if done.foreign:
        typer.echo(f"{done.foreign:,} are left out: they came from another CRM.", err=True)


@connecting.command("tryton")
def connect_tryton(
    url: Annotated[str, typer.Option(help="Tryton's server, such as https://tryton.example.")],
    database: Annotated[str, typer.Option(help="The database there.")],
    user: Annotated[str, typer.Option(help="Who reads opportunities and writes notes there.")],
    service: Annotated[str, typer.Option(help="Leadpact's address.")] = "http://127.0.0.1:8000",
    since: Annotated[
        str | None, typer.Option(help="Look at all that changed since this instant again.")
    ] = None,
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Take what changed in Tryton's opportunities; write score, grade and top reasons there.

    Secrets come from the environment: TRYTON_PASSWORD, and LEADPACT_KEY, a key of the role `crm`.
    Where it stopped stands in the workspace; run it as often as scores are to be fresh.
    """
    import httpx2

    from serving.client import LeadpactClient
    from serving.connectors.tryton.connecting import as_json as told_of
    from serving.connectors.tryton.connecting import connect
    from serving.connectors.tryton.marks import Marks
    from serving.connectors.tryton.rpc import TIMEOUT, Tryton

    password, key = _secret("TRYTON_PASSWORD"), _secret("LEADPACT_KEY")
    marks = Marks.read(Workspace(workspace).home / "tryton.json", f"{url} {database}")
    if since is not None:
        marks.look_again(since)
    with (
        httpx2.Client(base_url=url, timeout=TIMEOUT) as http,
        LeadpactClient(service, key) as leadpact,
    ):
        tryton = Tryton(http, database, user, password)
        done = connect(tryton, leadpact, marks)
        tryton.logout()
    if as_json:
        typer.echo(json.dumps(told_of(done)))
    else:
        taken = ", ".join(f"{n:,} {what}" for what, n in sorted(done.taken.items()))
        typer.echo(f"Records: {taken or 'none changed'}. Notes written: {done.notes:,}.")
    for why, times in done.refused.items():
        typer.echo(f"{why} ({times} times)", err=True)
    raise typer.Exit(1 if done.refused else 0)


def _secret(name: str) -> str:
    told = os.environ.get(name)
    if not told:
        raise InputRefused(f"The environment variable {name} is not set.")
    return told


def _mappings(workspace: Path, name: str) -> tuple[Mapping, tuple[Mapping, ...]]:
    from serving.mappings.document import read_mapping
    from serving.mappings.library import listed

    found = {one.name: read_mapping(one.path) for one in listed(workspace)}
    able = [n for n, mapping in found.items() if mapping.export is not None]
    if name not in able:
        raise InputRefused(
            f"--for is {name!r}, and no mapping of that name has an `export`. "
            f"There are: {', '.join(able)}."
        )
    return found.pop(name), tuple(found.values())


@contextmanager
def _whole(path: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a file that is put in place when all of it is written."""
    if path is None:
        yield sys.stdout
        return
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        with half.open("w", encoding="utf-8", newline="") as file:
            yield file
        half.replace(path)
    except OSError as error:
        raise InputRefused(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
