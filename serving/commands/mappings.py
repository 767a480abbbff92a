"""What CRMs send, and what it becomes here: `leadpact mapping`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from serving.commands.store import Folder

app = typer.Typer()
room = typer.Typer(help="What CRMs send, and what it becomes here.", no_args_is_help=True)
app.add_typer(room, name="mapping")
_HERE = Path()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@room.command("list")
def list_mappings(workspace: Folder = _HERE, as_json: AsJson = False) -> None:
    """The mappings that a payload can be sent to; the workspace's own win over those that ship."""
    from serving.mappings.document import read_mapping
    from serving.mappings.library import listed

    found = [
        {"name": m.name, "own": m.own, "title": read_mapping(m.path).title}
        for m in listed(workspace)
    ]
    if as_json:
        typer.echo(json.dumps(found))
        return
    wide = max(len(str(one["name"])) for one in found)
    for one in found:
        typer.echo(f"{one['name']:{wide}}  {one['title']}{' (own)' if one['own'] else ''}")


@room.command()
def check(
    mapping: Annotated[str, typer.Argument(help="A mapping's name, or its file.")],
    sample: Annotated[
        Path | None, typer.Option(help="A payload as the CRM sends it, as a JSON file.")
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option("-w", "--workspace", help="Whose fields it is held against; else none."),
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="ISO 8601; default: now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what would be stored of a sample, what is ignored and why, and what is wrong where.

    Nothing is stored. Exit code 1 when something of the sample is set aside; 3 when the mapping
    itself cannot be used, such as when it takes a field that leaks.
    """
    from serving.bootstrap import now
    from serving.mappings.checking import check as run
    from serving.mappings.checking import lines_of

    document = _mapping(mapping, workspace)
    if sample is None:
        typer.echo(f"{document.title}: {len(document.records)} kinds of record, nothing wrong.")
        return
    fields = None if workspace is None else _fields(workspace)
    at = now() if as_of is None else _instant(as_of)
    found = run(document, _payload(sample), at, fields)
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
    else:
        typer.echo("\n".join(lines_of(found)))
    raise typer.Exit(1 if any(one.problems for one in found) else 0)


def _mapping(told: str, workspace: Path | None) -> Any:
    from features.errors import DocumentRefused
    from serving.mappings.document import read_mapping
    from serving.mappings.library import listed, mapping_of

    if told.endswith((".yaml", ".yml")):
        return read_mapping(Path(told))
    found = mapping_of(workspace, told)
    if found is None:
        names = ", ".join(one.name for one in listed(workspace))
        raise DocumentRefused(f"There is no mapping {told!r}. There are: {names}.")
    return found


def _fields(workspace: Path) -> Any:
    from models.workspace import Workspace

    return Workspace(workspace).fields()


def _payload(path: Path) -> Any:
    from features.errors import InputRefused
    from serving.bodies import decode
    from serving.problems import Trouble

    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise InputRefused(f"{path} cannot be read: {error.strerror}.") from error
    except Trouble as trouble:
        raise InputRefused(f"{path}: {trouble.detail}") from trouble


def _instant(told: str) -> Any:
    from features.errors import InputRefused
    from features.values import parse_instant

    try:
        return parse_instant(told)
    except (ValueError, OverflowError) as error:
        raise InputRefused(f"--as-of is {told!r}; write an instant.") from error
