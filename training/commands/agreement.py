"""The agreement between marketing and sales: rulebook check."""

from __future__ import annotations

from typing import Any

import typer

from models.workspace import Workspace
from training.commands.common import HERE, AsJson, Folder, say

app = typer.Typer()
rulebook = typer.Typer(help="The agreement between marketing and sales.", no_args_is_help=True)
app.add_typer(rulebook, name="rulebook")


@rulebook.command("check")
def check(workspace: Folder = HERE, as_json: AsJson = False) -> None:
    """Hold the rulebook against the fields, and run its test cases."""
    from features.rulebook.cases import run_cases
    from features.rulebook.check import complaints

    home = Workspace(workspace)
    fields, edition = home.fields(), home.rulebook()
    wrong = complaints(edition, fields)
    verdicts = [] if wrong else run_cases(edition, fields)
    failed = bool(wrong) or any(not v.holds for v in verdicts)
    if as_json:
        told: dict[str, Any] = {"complaints": wrong, "tests": [vars(v) for v in verdicts]}
        say(told | {"holds": not failed, "sha256": edition.fingerprint()})
    else:
        for line in wrong:
            typer.echo(f"x {line}")
        for v in verdicts:
            typer.echo(f"{'ok' if v.holds else 'x '} {v.says}{': ' + v.why if v.why else ''}")
        held = sum(v.holds for v in verdicts)
        typer.echo(f"Edition {edition.edition}: {held} of {len(verdicts)} tests hold.")
    raise typer.Exit(1 if failed else 0)
