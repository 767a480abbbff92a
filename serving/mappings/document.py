"""A mapping: the typed document that says what a CRM's payloads hold. Paths and named conversions
only; nothing in it is run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic import Field as Setting

from features.errors import DocumentRefused
from features.fields import NAME, Document, parse_document
from features.stages import STAGES
from serving.mappings.conversions import Conversion
from serving.mappings.leaks import leak_of
from serving.mappings.pointers import Pattern
from serving.mappings.signature import Signature
from serving.mappings.taking import (
    Conditions,
    Constant,
    Levels,
    Patterns,
    Ref,
    Taking,
    TakingField,
    TakingInstant,
)

_PREFIX = re.compile(r"[A-Za-z0-9][!-.0-~]{0,99}")


class Link(Document):
    """Another record that stands for a lead, such as the opportunity it became."""

    when: Conditions = ()
    alias: Ref
    lead: Ref | None = None
    """Default: the record itself."""


class OutcomeRule(Document):
    """What tells an outcome. `ignored` says instead why there is none."""

    when: Conditions = ()
    only_changes: bool = False
    """Whether only a change tells it: a whole record does not say since when."""
    stage: Taking | None = None
    at: TakingInstant | None = None
    """Since when it is so. Not given: when the record was so. A change that does not say it is as
    old as the change; a whole record that does not say it tells no outcome."""
    amount: Taking | None = None
    reason: Taking | None = None
    ignored: str = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.stage is None) == (not self.ignored):
            raise ValueError("an outcome has a stage, or a reason for which it is ignored")
        told = () if self.stage is None else (self.stage.value, *(self.stage.levels or {}).values())
        unknown = [s for s in told if s is not None and s not in STAGES]
        if unknown:
            raise ValueError(f"no stage of the name {unknown[0]!r}: {', '.join(STAGES)}")
        if self.stage is not None and self.stage.at and self.stage.levels is None:
            raise ValueError("levels must say which stage each value is")
        return self


class _Record(Document):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    prefix: str
    """Before the CRM's own id, so that ids of two systems never meet."""

    @model_validator(mode="after")
    def _prefix_fits(self) -> Self:
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError(f"prefix {self.prefix!r} cannot begin an id")
        return self


class LeadRecord(_Record):
    """A record that is a lead."""

    kind: Literal["lead"] = Setting(alias="is")
    fields: dict[str, TakingField]
    account: Ref | None = None
    owner: Taking | None = None
    outcomes: tuple[OutcomeRule, ...] = ()
    links: tuple[Link, ...] = ()


class AccountRecord(_Record):
    """A record that is an account; what is known of it is known of all its leads."""

    kind: Literal["account"] = Setting(alias="is")
    fields: dict[str, TakingField]


class ActivityRecord(_Record):
    """A record that is an activity, once `when` holds. `kind` may be levels: null is none."""

    kind: Literal["activity"] = Setting(alias="is")
    whose: tuple[Ref, ...]
    when: Conditions = ()
    occurred_at: TakingInstant
    recorded_at: TakingInstant | None = None
    account: Ref | None = None
    channel: Taking
    what: Taking
    """The activity's kind."""
    team: Taking
    value: Taking | None = None


class OutcomeRecord(_Record):
    """A record that tells what became of leads, such as an opportunity."""

    kind: Literal["outcome"] = Setting(alias="is")
    whose: tuple[Ref, ...]
    outcomes: tuple[OutcomeRule, ...] = ()
    links: tuple[Link, ...] = ()


class IgnoredRecord(Document):
    """A record that is known and not wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    kind: Literal["ignored"] = Setting(alias="is")
    reason: str
    prefix: str = ""
    """Where its ids stand for leads."""


Record = Annotated[
    LeadRecord | AccountRecord | ActivityRecord | OutcomeRecord | IgnoredRecord,
    Setting(discriminator="kind"),
]


class Pairs(Document):
    """Names and values told as a list of pairs, laid out as an object under `into`."""

    each: Pattern
    name: Pattern
    value: Pattern
    into: Pattern = ""


class Merge(Document):
    """Records that became one."""

    when: Conditions = ()
    survivor: Taking
    merged: Patterns


class Shape(Document):
    """How records lie in a payload.

    Attributes:
        find: where they are; a place that an earlier shape took is not looked at again.
        when: which of the objects there are meant.
        type, types: the record's type, and what the CRM calls it -> its name under `records`; an
            object of another type is not of this shape.
        ids: places of the CRM's ids; several where one event is about several records.
        id_as: how an id is read.
        told_at: the instant at which this was so. Whatever is newer wins.
        pairs: lists of names and values, laid out in this order.
        partial: what is not there has not changed; without it, what is not there is not known.
        changed: names of what changed, where other members stand there empty.
        action: `told` (the default), `removed`, `erased`, `linked`; any other text is the reason
            for which the record is ignored.
        removed, removed_at: what says of a whole record that it is gone, and since when.
    """

    name: str
    find: Patterns
    when: Conditions = ()
    type: Taking | None = None
    types: Levels
    ids: Patterns
    id_as: Conversion = "text"
    told_at: TakingInstant
    pairs: tuple[Pairs, ...] = ()
    partial: bool = False
    changed: Pattern | None = None
    action: Taking | None = None
    removed: Conditions = ()
    removed_at: TakingInstant | None = None
    merges: tuple[Merge, ...] = ()


class Column(Document):
    """A column of an export."""

    name: str
    holds: Literal[
        "id", "score", "agreed score", "grade", "likelihood", "hand-over", "reasons", "scored at",
        "rulebook", "model", "expected value", "currency", "empty",
    ]  # fmt: skip


class Export(Document):
    """The form in which the CRM's import takes scores: of leads whose id begins with the prefix of
    the record `of`."""

    of: str
    columns: tuple[Column, ...]


class Mapping(Document):
    """What one CRM sends, and what it is here."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    document: Literal["leadpact/mapping/1"] = Setting(alias="schema")
    crm: str
    title: str
    empty: tuple[Constant, ...] = ("",)
    """Values besides null that mean "nothing there"."""
    signature: Signature | None = None
    """How the CRM signs; checked once its secret is set."""
    shapes: tuple[Shape, ...]
    records: dict[str, Record]
    accept_leaks: dict[str, str] = Setting(default_factory=dict)
    """Fields taken from what looks known only after the outcome -> why they may be."""
    export: Export | None = None

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for shape in self.shapes:
            unknown = [t for t in shape.types.values() if t not in self.records]
            if unknown:
                raise ValueError(f"shape {shape.name!r}: no record is called {unknown[0]!r}")
        for name, record in self.records.items():
            unknown = [r.of for r in _refs(record) if r.of and not self._has_prefix(r.of)]
            if unknown:
                raise ValueError(f"record {name!r}: no record with ids is called {unknown[0]!r}")
        if self.export is not None and not self._has_prefix(self.export.of):
            raise ValueError(f"export: no record with ids is called {self.export.of!r}")
        return self

    def _has_prefix(self, name: str) -> bool:
        return bool(getattr(self.records.get(name), "prefix", ""))

    @model_validator(mode="after")
    def _no_leaks(self) -> Self:
        found = []
        for name, record in self.records.items():
            if not isinstance(record, LeadRecord | AccountRecord):
                continue
            for field, take in record.fields.items():
                if not NAME.match(field):
                    raise ValueError(f"record {name!r}: {field!r} cannot be a field's name")
                why = next((w for p in take.at if (w := leak_of(self.crm, p))), None)
                if why and not self.accept_leaks.get(field):
                    found.append(f"{name}.{field}: {why}")
        if found:
            raise ValueError(
                f"{'; '.join(found)}. A score must not look at it: leave the field out, or write "
                "under accept_leaks why it may be looked at all the same"
            )
        return self

    def prefix_of(self, name: str) -> str:
        """What stands before the ids of this type of record."""
        return str(getattr(self.records[name], "prefix", ""))


def _refs(record: Any) -> list[Ref]:
    links = getattr(record, "links", ())
    found = [*getattr(record, "whose", ()), getattr(record, "account", None)]
    found += [r for link in links for r in (link.alias, link.lead)]
    return [r for r in found if r is not None]


def read_mapping(path: Path) -> Mapping:
    """Read a mapping's file.

    Raises:
        DocumentRefused: when it is not there, contradicts itself, or takes fields that leak.
    """
    if not path.is_file():
        raise DocumentRefused(
            f"{path} is not there. `leadpact mapping list` names those there are."
        )
    found = parse_document(Mapping, path.read_text(encoding="utf-8"), str(path))
    assert isinstance(found, Mapping)
    return found
