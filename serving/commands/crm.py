"""Other systems' side: `leadpact export` writes what a CRM's import takes."""

from __future__ import annotations

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
