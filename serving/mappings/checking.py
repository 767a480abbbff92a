"""What a mapping makes of a sample: told to the people who write it, nothing stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.errors import Problem, shorten
from features.fields import Fields
from serving.incoming import activity_rows, is_id, outcome_rows
from serving.mappings.document import Mapping
from serving.mappings.fitting import fit
from serving.mappings.items import Gone, Happened, Item, Left, Same, Told, Wrong
from serving.mappings.translate import translate
from serving.problems import as_json
from serving.storage.tables import MAX_ID


@dataclass(frozen=True)
class Checked:
    """One record of the sample.

    Attributes:
        item: what it comes to.
        problems: what of it would be set aside.
        ignored: fields that the workspace does not read; none where none was named.
    """

    item: Item
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        item = self.item
        told: dict[str, Any] = {"pointer": item.place, "record": item.record} | _content(item)
        if isinstance(item, Told):
            told["facts"] = {k: v for k, v in told["facts"].items() if k not in self.ignored}
            told["not_read_here"] = list(self.ignored)
        told["unmapped"] = [list(u) for u in getattr(item, "unmapped", ())]
        return told | {"errors": [as_json(p) for p in self.problems]}


def check(
    mapping: Mapping, payload: Any, now: np.datetime64, fields: Fields | None
) -> list[Checked]:
    """Every record of a sample, in order.

    Args:
        fields: of the workspace it is for; None where none was named, and every field counts.
    """
    return [_check(item, now, fields) for item in translate(mapping, payload, now)]


def _check(item: Item, now: np.datetime64, fields: Fields | None) -> Checked:
    if isinstance(item, Wrong):
        return Checked(item, item.problems)
    if isinstance(item, Happened):
        parse = activity_rows if item.kind == "activity" else outcome_rows
        [found] = parse([dict(item.event)], "", now)
        return Checked(item, tuple(replace(p, place=item.place) for p in found.problems))
    if isinstance(item, Told):
        bad = () if is_id(item.id) else (_no_id(item),)
        if fields is None:
            return Checked(item, (*bad, *item.problems))
        fitted = fit(item, fields)
        return Checked(item, (*bad, *fitted.problems), fitted.ignored)
    return Checked(item)


def _no_id(item: Told) -> Problem:
    why = "This cannot be an id here."
    return Problem("id", shorten(item.id), why, "letters, digits and signs", None, item.place)


def _content(item: Item) -> dict[str, Any]:
    match item:
        case Told():
            told: dict[str, Any] = {"what": item.kind, "id": item.id, "at": f"{item.at}Z"}
            facts = {k: f.value for k, f in item.facts.items()}
            for name, fact in (("account", item.account), ("owner", item.owner)):
                if fact is not None:
                    told[name] = fact.value
            return told | {"facts": facts}
        case Happened():
            return {"what": item.kind, "event": dict(item.event)}
        case Gone():
            return {"what": "removal", "id": item.id, "at": f"{item.at}Z", "erased": item.erased}
        case Same():
            return {"what": "merge" if item.merged else "link", "id": item.id, "lead": item.lead}
        case Left():
            return {"what": "ignored", "why": item.why}
        case _:
            return {"what": "refused"}


def lines_of(found: Iterable[Checked]) -> Iterator[str]:
    """The same for people; texts of a payload are made printable."""
    for one in found:
        told = one.as_json()
        head = f"{one.item.place or '(the whole)'}  {one.item.record or 'not recognised'}"
        yield f"{head}: {_headline(told)}"
        for name, value in told.get("facts", {}).items():
            yield f"    {name}: {_shown(value)}"
        for name in ("account", "owner"):
            if name in told:
                yield f"    {name}: {_shown(told[name])}"
        for name, value in told.get("event", {}).items():
            if value is not None:
                yield f"    {name}: {_shown(value)}"
        if one.ignored:
            yield f"    not read in this workspace: {', '.join(one.ignored)}"
        for name, value in told["unmapped"]:
            yield f"    {name}: the mapping has no level for {_shown(value)}"
        for problem in one.problems:
            yield f"    SET ASIDE at {problem.place or '(the whole)'}: {problem.sentence()}"


def _headline(told: dict[str, Any]) -> str:
    match told["what"]:
        case "lead" | "account":
            return f"{told['what']} {_shown(told['id'])} as of {told['at']}"
        case "activity" | "outcome":
            return f"{told['what']} of {_shown(told['event']['lead_id'])}"
        case "removal":
            why = ", as its person asked" if told["erased"] else ""
            return f"lead {_shown(told['id'])} is removed{why}"
        case "merge":
            return f"{_shown(told['id'])} was merged into the lead {_shown(told['lead'])}"
        case "link":
            return f"{_shown(told['id'])} stands for the lead {_shown(told['lead'])}"
        case "ignored":
            return f"ignored. {told['why']}"
        case _:
            return "refused"


def _shown(value: Any) -> str:
    return "not known" if value is None else shorten(value, MAX_ID)
