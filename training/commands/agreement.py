"""The agreement between marketing and sales: rulebook check, say, read and diff."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.workspace import Workspace
from training.commands.common import HERE, AsJson, Folder, say

if TYPE_CHECKING:
    from features.fields import Fields
    from features.rulebook.cases import Verdict
    from features.rulebook.document import Rulebook
    from features.rulebook.finding import Finding

app = typer.Typer()
rulebook = typer.Typer(help="The agreement between marketing and sales.", no_args_is_help=True)
app.add_typer(rulebook, name="rulebook")


@rulebook.command("check")
def check(workspace: Folder = HERE, as_json: AsJson = False) -> None:
    """Hold the rulebook against the fields and against itself, and run its test cases."""
    from features.rulebook.cases import run_cases
    from features.rulebook.check import complaints
    from features.rulebook.findings import findings

    home = Workspace(workspace)
    fields, edition = home.fields(), home.rulebook()
    wrong = complaints(edition, fields)
    found = findings(edition, fields, datetime.now(UTC).date())
    verdicts = [] if wrong else run_cases(edition, fields)
    failed = any(f.severity == "error" for f in found) or not all(v.holds for v in verdicts)
    if as_json:
        told: dict[str, Any] = {
            "complaints": wrong,
            "findings": [asdict(f) for f in found],
            "tests": [vars(v) for v in verdicts],
        }
        say(told | {"holds": not failed, "sha256": edition.fingerprint()})
    else:
        _show_check(edition, found, verdicts)
    raise typer.Exit(1 if failed else 0)


def _show_check(edition: Rulebook, found: list[Finding], verdicts: list[Verdict]) -> None:
    for f in found:
        typer.echo(f"{'x ' if f.severity == 'error' else '! '} {f.sentence()}")
    for v in verdicts:
        typer.echo(f"{'ok' if v.holds else 'x '} {v.says}{': ' + v.why if v.why else ''}")
    held = sum(v.holds for v in verdicts)
    errors = sum(f.severity == "error" for f in found)
    counted = f"errors: {errors}, warnings: {len(found) - errors}"
    typer.echo(
        f"Edition {edition.edition}: {held} of {len(verdicts)} tests hold; "
        f"{counted if found else 'nothing else to say'}."
    )


@rulebook.command("say")
def tell(workspace: Folder = HERE, as_json: AsJson = False) -> None:
    """Say every rule as a sentence."""
    from features.rulebook.sentences import rule_sentence, sentence

    edition = Workspace(workspace).rulebook()
    criteria = [(c.group, c.id, c.owner, rule_sentence(c)) for c in edition.criteria]
    kept = [(d.route, d.id, d.owner, sentence(d.when)) for d in edition.disqualifiers]
    if as_json:
        names = ("id", "owner", "rule")
        say(
            {
                "criteria": [{"group": g} | dict(zip(names, r, strict=True)) for g, *r in criteria],
                "disqualifiers": [
                    {"route": g} | dict(zip(names, r, strict=True)) for g, *r in kept
                ],
            }
        )
        return
    for name, group in edition.groups.items():
        typer.echo(f"{group.label} ({group.owner})")
        for g, id_, owner, rule in criteria:
            if g == name:
                typer.echo(f"  {id_} ({owner}): {rule}")
    for route, id_, owner, rule in kept:
        typer.echo(f"Never handed over, route {route}\n  {id_} ({owner}): {rule}")


@rulebook.command("read")
def read(
    sentence: Annotated[
        str, typer.Argument(help="A rule, such as `phone given is yes: +5 points`")
    ],
    workspace: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Turn a sentence into a rule, to be put into rulebook.yaml."""
    from features.rulebook.check import unusable
    from features.rulebook.reading import read_rule
    from training.draft.write import dump

    fields = _fields_if_any(workspace)
    rule = read_rule(sentence, _known(fields))
    when = rule.when.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    wrong = [] if fields is None else unusable("The sentence", rule.when, fields)
    if as_json:
        say({"when": when, **rule.terms, "complaints": wrong})
    else:
        typer.echo(dump({"when": when, **rule.terms}).rstrip())
        for line in wrong:
            typer.echo(f"x  {line}", err=True)
    raise typer.Exit(1 if wrong else 0)


def _fields_if_any(workspace: Path) -> Fields | None:
    home = Workspace(workspace)
    return home.fields() if (home.folder / "fields.yaml").is_file() else None


def _known(fields: Fields | None) -> Collection[str]:
    from features.facts import derived_kinds

    if fields is None:
        return ()
    return {f.name for f in fields.fields} | derived_kinds(fields).keys()
