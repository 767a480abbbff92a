"""The drafts as text that people edit and keep in git: commented YAML, read back before use."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from features.errors import InputRefused
from features.fields import Fields, parse_document
from features.rulebook.document import Criterion, Rulebook, parse_rulebook
from features.rulebook.sentences import sentence

_FIELDS_HEAD = """\
What every column of the leads file means. Drafted by `leadpact init` from {leads}: read it,
correct it, keep it in git.

type      number, category, boolean, text, instant or id
role      attribute: what a lead is; activity: what it did, summed up; outcome; id;
          ignored: never looked at, for the `reason` beside it
known     at creation, during handling, or after outcome (which no score may look at)
owner     whose fact it is: marketing, sales or joint
missing   what the export writes where there is no value, besides leaving the cell empty"""
_RULEBOOK_HEAD = """\
What marketing and sales agree a lead is worth. An unsigned draft by `leadpact init`: a place to
start from, not an agreement. Change points, words, owners and caps together; then
`leadpact rulebook check` evaluates the tests below, and both teams sign the same text.

Points were proposed from history before the newest, held-out part: what a fact adds to the odds
given the other criteria, shrunk, in steps of 5 and at most 20."""
_WITHOUT_HISTORY = """\
What marketing and sales agree a lead is worth. An unsigned draft by `leadpact init`: a place to
start from, not an agreement. History was too thin to propose points, so these are common ones."""


def write_drafts(
    folder: Path,
    fields: Fields,
    rulebook: Rulebook,
    notes: Iterable[str] = (),
    *,
    overwrite: bool = False,
) -> tuple[Path, Path]:
    """Write `fields.yaml` and `rulebook.yaml` into a workspace; gives their paths.

    Raises:
        InputRefused: when one is there already and `overwrite` is False.
    """
    refuse_existing(folder, overwrite)
    return write_texts(folder, fields_text(fields, notes), rulebook_text(rulebook))


def write_texts(folder: Path, fields: str, rulebook: str) -> tuple[Path, Path]:
    """Write both drafts' texts, each whole or not at all; gives their paths."""
    paths = folder / "fields.yaml", folder / "rulebook.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in zip(paths, (fields, rulebook), strict=True):
        half = path.with_name(f".{path.name}.{os.getpid()}.half")
        try:
            half.write_text(text, encoding="utf-8")
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)
    return paths


def refuse_existing(folder: Path, overwrite: bool) -> None:
    """Refuse to replace what people may have edited.

    Raises:
        InputRefused: naming the file that is there.
    """
    there = [n for n in ("fields.yaml", "rulebook.yaml") if (folder / n).exists()]
    if there and not overwrite:
        raise InputRefused(
            f"{folder / there[0]} is there already and may hold people's work. Say --force to "
            "replace it, or -w another folder."
        )


def fields_text(fields: Fields, notes: Iterable[str] = ()) -> str:
    """`fields.yaml` with comments; reading it back gives an equal document."""
    told = _told(fields)
    parts = [_comment(_FIELDS_HEAD.format(leads=fields.sources.leads))]
    listed = [f"- {note}" for note in notes]
    if listed:
        parts.append(_comment("Look at these first:", *listed))
    head = {k: v for k, v in told.items() if k not in ("fields", "timing", "outcome")}
    parts.append(dump(head))
    for key, why in (
        ("timing", "When a lead is looked at, and in which order leads came."),
        ("outcome", "How a conversion is told from the leads file."),
    ):
        if key in told:
            parts.append(_comment(why) + dump({key: told[key]}))
    parts.append("fields:\n" + "\n".join(_item(f) for f in told["fields"]))
    text = "\n".join(parts)
    assert parse_document(Fields, text, "the drafted fields.yaml") == fields
    return text


def rulebook_text(rulebook: Rulebook) -> str:
    """`rulebook.yaml` with comments; reading it back gives an equal edition."""
    told = _told(rulebook)
    weighed = any("history before" in c.rationale for c in rulebook.criteria)
    parts = [_comment(_RULEBOOK_HEAD if weighed else _WITHOUT_HISTORY)]
    parts.append(dump({k: told[k] for k in ("schema", "edition", "horizon_days") if k in told}))
    s = rulebook.scale
    means = (
        f"{s.anchor_points:g} points: about {s.anchor_likelihood:.1%} convert within "
        f"{rulebook.horizon_days:g} days; every {s.points_to_double_odds:g} points more double "
        "the odds."
    )
    parts.append(_comment(means) + dump({"scale": told.get("scale", {})}))
    parts.append(_comment("What every lead starts with.") + _points(told))
    parts.append(
        _comment("From this score on, a lead is handed over to sales; grades by score.")
        + dump({k: told[k] for k in ("hand_over_from", "grades")})
    )
    parts.append(
        _comment("Who owns which criteria, and the most a group's points come to.")
        + dump({"groups": told["groups"]})
    )
    parts.append("".join(_criteria(rulebook, told["criteria"])))
    if told.get("tests"):
        why = "Checked by `leadpact rulebook check`: what both teams expect, lead by lead."
        tests = "\n".join(_item(t) for t in told["tests"])
        parts.append(_comment(why) + "tests:\n" + tests)
    text = "\n".join(parts)
    assert parse_rulebook(text, "the drafted rulebook.yaml") == rulebook
    return text


def _points(told: dict[str, Any]) -> str:
    return dump({"base_points": told.get("base_points", 0.0)})


def _criteria(rulebook: Rulebook, told: list[dict[str, Any]]) -> Iterator[str]:
    if not told:
        yield _comment("No criteria yet: nothing in the fields is known to matter.")
        yield "criteria: []\n"
        return
    yield "criteria:\n"
    group = ""
    for criterion, item in zip(rulebook.criteria, told, strict=True):
        if criterion.group != group:
            group = criterion.group
            yield f"\n  # {_inert(rulebook.groups[group].label)}\n"
        yield _item(item)


def explain(criterion: Criterion) -> str:
    """A criterion in one line: its points, and when it applies."""
    return f"{criterion.points:+g} when {sentence(criterion.when)}"


def _told(document: Fields | Rulebook) -> dict[str, Any]:
    told = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"schema": document.document, **told}


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key; short lists of plain values on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        return super().increase_indent(flow, False)


def _sequence(dumper: _Dumper, values: list[Any]) -> yaml.Node:
    flat = all(isinstance(v, str | int | float) for v in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=flat)


def _number(dumper: _Dumper, value: float) -> yaml.Node:
    if value.is_integer() and abs(value) < 1e15:
        return dumper.represent_int(int(value))
    return dumper.represent_float(value)


_Dumper.add_representer(list, _sequence)
_Dumper.add_representer(float, _number)


def dump(told: Any) -> str:
    """Plain values as YAML, whole numbers without a point."""
    return yaml.dump(told, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=98)


def _item(told: dict[str, Any]) -> str:
    return textwrap.indent(dump([told]), "  ")


def _comment(*paragraphs: str) -> str:
    lines: list[str] = []
    for paragraph in paragraphs:
        indent = "  " if paragraph.startswith("- ") else ""
        for line in paragraph.split("\n"):
            wrapped = textwrap.wrap(_inert(line), 96, subsequent_indent=indent)
            lines.extend(wrapped if len(line) > 96 else [_inert(line)])
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _inert(text: str) -> str:
    """Text of an export as it may stand in a comment: printable, on one line."""
    return "".join(c if c.isprintable() else " " for c in text)
