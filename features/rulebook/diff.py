"""What changed between two editions: every difference of the text that is signed, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from features.fields import Document
from features.rulebook.criteria import Criterion, Disqualifier, Group
from features.rulebook.document import Case, Rulebook
from features.rulebook.sentences import rule_sentence, sentence
from features.rulebook.words import number

Part = Literal["edition", "grades", "group", "criterion", "disqualifier", "test"]
_UNSIGNED = ("status", "effective_from")
_PARTS = ("document", "grades", "groups", "criteria", "disqualifiers", "tests", *_UNSIGNED)


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        part: what sort of part it belongs to.
        id: of the part; "" for the edition as a whole.
        what: whether the part is new, gone, or otherwise.
        key: which of its keys is otherwise; "" where the part came or went.
        before, after: plain values, None where there was or is none; conditions are sentences.
        says: the difference in words.
    """

    part: Part
    id: str
    what: Literal["added", "removed", "changed"]
    key: str
    before: Any
    after: Any
    says: str


def diff(old: Rulebook, new: Rulebook) -> list[Change]:
    """Every difference, in the order of the document; empty if and only if the signed texts are
    the same."""
    return [
        *_keys("edition", "", old, new, _PARTS),
        *_named("grades", old.grades, new.grades),
        *_named("group", old.groups, new.groups),
        *_named("criterion", _by_id(old.criteria), _by_id(new.criteria)),
        *_named("disqualifier", _by_id(old.disqualifiers), _by_id(new.disqualifiers)),
        *_tests(old.tests, new.tests),
    ]


def _by_id(parts: tuple[Any, ...]) -> dict[str, Any]:
    return {part.id: part for part in parts}


def _named(part: Part, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Parts that have names: those that came, those that went, and what changed of the others."""
    for name in (k for k in old if k not in new):
        told = _whole(old[name])
        yield Change(part, name, "removed", "", told, None, f"{_title(part, name)} is gone: {told}")
    for name, value in new.items():
        if name not in old:
            told = _whole(value)
            yield Change(
                part, name, "added", "", None, told, f"{_title(part, name)} is new: {told}"
            )
        elif isinstance(value, Document):
            yield from _keys(part, name, old[name], value)
        elif old[name] != value:
            yield _changed(part, name, "", old[name], value)
    yield from _order(part, [k for k in old if k in new], [k for k in new if k in old])


def _order(part: Part, old: list[str], new: list[str]) -> Iterator[Change]:
    # The canonical text sorts the keys of mappings; only lists have an order of their own.
    if part in ("criterion", "disqualifier") and old != new:
        told = f"The {part} order is now {', '.join(new)}; before, {', '.join(old)}"
        yield Change(part, "", "changed", "order", old, new, told)


def _tests(old: tuple[Case, ...], new: tuple[Case, ...]) -> Iterator[Change]:
    """Test cases, which have no names but their words."""
    gone, come = list(old), list(new)
    for case in old:
        if case in come:
            gone.remove(case)
            come.remove(case)
    for case in gone:
        told = _plain("", case)
        yield Change("test", case.says, "removed", "", told, None, f"Test is gone: {case.says}")
    for case in come:
        told = _plain("", case)
        yield Change("test", case.says, "added", "", None, told, f"Test is new: {case.says}")
    if old != new and not gone and not come:
        before, after = [c.says for c in old], [c.says for c in new]
        told = "The tests stand in another order"
        yield Change("test", "", "changed", "order", before, after, told)


def _keys(
    part: Part, name: str, old: Document, new: Document, leaving: tuple[str, ...] = ()
) -> Iterator[Change]:
    """What changed of the keys of one part."""
    for key in type(new).model_fields:
        before, after = getattr(old, key), getattr(new, key)
        if key in leaving or before == after:
            continue
        if part == "edition" and isinstance(before, Document) and isinstance(after, Document):
            for change in _keys(part, name, before, after):
                yield replace(change, key=f"{key}.{change.key}", says=f"{key}: {change.says}")
        else:
            yield _changed(part, name, key, before, after)


def _changed(part: Part, name: str, key: str, before: Any, after: Any) -> Change:
    where = f"{_title(part, name)}: " if name else ""
    was, now = _shown(key, before), _shown(key, after)
    if key == "when":
        says = f"{where}applies when {now}; before, when {was}"
    else:
        words = key.replace("_", " ") + " " if key else ""
        says = f"{where}{words}{was} -> {now}"
    return Change(part, name, "changed", key, _plain(key, before), _plain(key, after), says)


def _title(part: Part, name: str) -> str:
    words = {"grades": "Grade", "edition": "Edition"}
    return f"{words.get(part, part.capitalize())} {name}"


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "none"
    if key == "when":
        return sentence(value)
    if isinstance(value, float):
        return f"{'+' if key == 'points' and value >= 0 else ''}{number(value)}"
    if isinstance(value, Document):
        return _pairs(value.model_dump(mode="json", exclude_none=True))
    return f'"{value}"' if key in ("says", "rationale", "label") else str(value)


def _pairs(told: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{k.replace('_', ' ')} {f'({_pairs(v)})' if isinstance(v, dict) else v}"
        for k, v in told.items()
    )


def _whole(part: Any) -> str:
    match part:
        case Criterion():
            return f"{part.says}, {part.group}, {part.owner}; {rule_sentence(part)}"
        case Disqualifier():
            return f"{part.says}, {part.owner}; {sentence(part.when)}: {part.route}"
        case Group():
            return _pairs(part.model_dump(mode="json", exclude_none=True))
        case _:
            return number(part)


def _plain(key: str, value: Any) -> Any:
    """A value as JSON tells it; a condition as its sentence."""
    if key == "when":
        return sentence(value)
    if isinstance(value, Document):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return str(value) if isinstance(value, date) else value
