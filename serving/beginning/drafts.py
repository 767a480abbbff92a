"""The drafts as the first run changes them: in their text, so that every comment stays."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import cast

from features.errors import DocumentRefused
from features.fields import Field, Fields, parse_document
from features.rulebook.document import Rulebook, parse_rulebook
from models.workspace import Workspace

MOST_POINTS = 100
"""Most points of a criterion, either way: the scale has no more."""


def suspects(fields: Fields) -> list[Field]:
    """Fields that were drafted as ignored because they look known only after the outcome."""
    return [f for f in fields.fields if f.role == "ignored" and f.known == "after outcome"]


def use(workspace: Workspace, name: str) -> None:
    """Look at a suspect all the same: somebody knows that it is known before the outcome.

    Raises:
        DocumentRefused: when the text does not declare it as it was drafted.
    """
    path, fields = workspace.folder / "fields.yaml", workspace.fields()
    text = _in_item(path.read_text("utf-8"), "name", name, _looked_at)
    told = cast(Fields, parse_document(Fields, text, str(path)))
    if not told[name].is_input or len(told.fields) != len(fields.fields):
        raise DocumentRefused(f"{path} does not declare {name} as drafted. Edit it by hand.")
    _write(path, text)


def _looked_at(item: str) -> str:
    item = item.replace("role: ignored", "role: attribute")
    item = item.replace("known: after outcome", "known: at creation")
    return re.sub(r"^ +reason: .*\n(?: {6,}.*\n)*", "", item, flags=re.MULTILINE)


def wrong_points(text: str) -> str:
    """Why what was typed is no number of points; "" where it is one."""
    try:
        points = float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return f"Got {text[:20]!r}. Allowed: a number from -{MOST_POINTS} to {MOST_POINTS}."
    if not math.isfinite(points) or abs(points) > MOST_POINTS:
        return f"Got {text[:20]!r}. Allowed: a number from -{MOST_POINTS} to {MOST_POINTS}."
    return ""


def give_points(workspace: Workspace, points: Mapping[str, float]) -> Rulebook:
    """The rulebook with other points, by the criteria's ids; what was signed before is not touched.

    Raises:
        DocumentRefused: when the rulebook does not allow them.
    """
    path, rulebook = workspace.folder / "rulebook.yaml", workspace.rulebook()
    text = path.read_text("utf-8")
    changed = {c.id for c in rulebook.criteria if points.get(c.id, c.points) != c.points}
    for name in sorted(changed):
        pattern, told = re.compile(r"\bpoints: \S+"), f"points: {points[name]:g}"
        text = _in_item(text, "id", name, partial(pattern.sub, told, count=1))
    found = parse_rulebook(text, str(path))
    if any(c.points != points.get(c.id, c.points) for c in found.criteria):
        raise DocumentRefused(f"{path} is not as it was drafted. Edit the points by hand.")
    _write(path, text)
    return found


def _in_item(text: str, key: str, name: str, change: Callable[[str], str]) -> str:
    """The text with one item of a list changed: the one whose first line is `- key: name`."""
    pattern = rf"^  - {key}: ['\"]?{re.escape(name)}['\"]?\n(?:    .*\n|\n(?=    ))*"
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise DocumentRefused(f"The draft has no item {name!r} any more. Edit it by hand.")
    return text[: found.start()] + change(found[0]) + text[found.end() :]


def _write(path: Path, text: str) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    half.write_text(text, "utf-8")
    half.replace(path)
