"""The lead schema, read from `fields.yaml`: the one definition of every field.

The API's schema, the CSV check, the rulebook check and the documentation all read this file.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as Setting

from features.errors import DocumentRefused
from features.yaml_text import as_yaml

Team = Literal["marketing", "sales", "joint"]
FieldType = Literal["number", "category", "boolean", "text", "instant", "id"]
Role = Literal["attribute", "activity", "outcome", "id", "ignored"]
Known = Literal["at creation", "during handling", "after outcome"]

SCHEMA = "leadpact/fields/1"
NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


class Document(BaseModel):
    """Strictness shared by every part of a workspace's files: no unknown keys, no changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Field(Document):
    """One fact about a lead.

    `role` is `attribute` for what a lead *is* and `activity` for what it *did*, summed up on its
    row; `known` says when the fact exists. Facts known only `after outcome` never reach a model.
    """

    name: str
    column: str
    type: FieldType
    role: Role
    owner: Team = "joint"
    label: str = ""
    unit: str = ""
    known: Known = "at creation"
    format: str = ""
    """`email` or `job title` for text; a strptime pattern for instants ("" = ISO 8601)."""
    missing: tuple[str, ...] = ()
    """Texts that mean "not given" besides the empty one; compared without case."""
    levels: tuple[str, ...] = ()
    """All values that a category takes, where they are known: a rule that asks for another is
    told. A lead with another is scored all the same."""
    minimum: float | None = None
    maximum: float | None = None
    monotone: Literal["increasing", "decreasing"] | None = None
    """For numbers: what is learned of the field may only raise, or only lower, a score with it."""
    actionable: bool = False
    """Whether a team can bring it about, such as asking for a budget date; a headcount is none."""
    example: str | float | bool | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not NAME.match(self.name):
            raise ValueError(
                f"field name {self.name!r} is not usable: write lower-case letters, digits and _, "
                "starting with a letter, at most 63"
            )
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"field {self.name}: minimum {self.minimum} is above its maximum")
        if self.levels and self.type != "category":
            raise ValueError(f"field {self.name}: levels go with type: category")
        if self.monotone and self.type != "number":
            raise ValueError(f"field {self.name}: monotone goes with type: number")
        if self.actionable and not (
            self.is_input and self.type in ("number", "category", "boolean")
        ):
            raise ValueError(
                f"field {self.name}: actionable goes with a number, category or boolean that a "
                "score looks at"
            )
        if self.role == "ignored" and not self.reason:
            raise ValueError(f"field {self.name} is ignored without a reason: write one")
        return self

    @property
    def title(self) -> str:
        """The label for people; the column's name where none was written."""
        return self.label or self.column

    @property
    def is_input(self) -> bool:
        """Whether a model may look at the field."""
        return self.role in ("attribute", "activity") and self.known != "after outcome"


class ActionableActivity(Document):
    """Something a team can bring about, such as inviting a lead to a webinar."""

    says: str = Setting(min_length=1)
    channel: str = Setting(min_length=1, max_length=200)
    kind: str = Setting(min_length=1, max_length=200)
    team: Literal["marketing", "sales"] = "marketing"
    most: int = Setting(default=1, ge=1, le=3)
    """How often it may be proposed at once."""


class Outcome(Document):
    """How a conversion is told from the leads file; unused when an outcomes file says it."""

    field: str | None = None
    converted: tuple[str, ...] = ("1", "yes", "true", "won", "converted")
    open: tuple[str, ...] = ()
    """Values that mean "still being handled": such a lead is open and never a negative."""
    matures_after_days: float | None = None
    """A lead younger than this at the export is open. None: every row is final."""


class Timing(Document):
    """When a lead is looked at, and in which order leads came."""

    as_of: str | None = None
    """The instant field from which a lead's snapshot counts; None when there are no dates."""
    order: str | None = None
    """For data without dates: `file`, or a number field that grows with time."""
    snapshot_ages_days: tuple[float, ...] = (0.0,)
    """Ages at which leads are looked at; each lead gets one, drawn by a hash of its id."""
    exported_at: datetime | None = None
    """When the export was made; None takes the newest instant in it."""


class Sources(Document):
    """Where the history lies, relative to the workspace."""

    leads: str = "leads.csv"
    activities: str | None = None
    outcomes: str | None = None


class Fields(Document):
    """A workspace's `fields.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    document: str = Setting(default=SCHEMA, alias="schema")
    company: str = "this company"
    simulated: bool = False
    lead: str
    account: str | None = None
    explored: str | None = None
    """A boolean field that marks leads which sales had left behind and then worked by lot; they
    tell what the leads that sales never worked would have done."""
    repeat_of: str | None = None
    """An id field that tells which leads are one and the same, come back; each then counts as a
    share of one, so that who comes often does not teach more than others."""
    timing: Timing = Timing()
    outcome: Outcome = Outcome()
    sources: Sources = Sources()
    segments: tuple[str, ...] = ()
    """Fields by whose values the model card compares leads; a model need not look at them."""
    accept_leaks: dict[str, str] = Setting(default_factory=dict)
    """Inputs that look known only after the outcome -> why they may be looked at all the same."""
    actionable_activities: tuple[ActionableActivity, ...] = ()
    """What may be proposed beside the actionable fields, to lift a lead."""
    fields: tuple[Field, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.document != SCHEMA:
            raise ValueError(f"schema is {self.document!r}; this version reads {SCHEMA!r}")
        for what in ("name", "column"):
            seen = [getattr(f, what) for f in self.fields]
            double = sorted({v for v in seen if seen.count(v) > 1})
            if double:
                raise ValueError(f"{what} given twice: {', '.join(double)}")
        names = {f.name: f for f in self.fields}
        pointers = {
            "lead": self.lead,
            "account": self.account,
            "explored": self.explored,
            "repeat_of": self.repeat_of,
            "timing.as_of": self.timing.as_of,
            "timing.order": None if self.timing.order == "file" else self.timing.order,
            "outcome.field": self.outcome.field,
        }
        for where, name in pointers.items():
            if name is not None and name not in names:
                raise ValueError(f"{where} names the field {name!r}, which is not declared below")
        if not any(f.is_input for f in self.fields):
            raise ValueError("no field has the role attribute or activity: nothing to score by")
        return self

    @model_validator(mode="after")
    def _pointers_fit(self) -> Self:
        wanted = {
            "timing.as_of": (self.timing.as_of, "instant", "an instant"),
            "explored": (self.explored, "boolean", "a boolean"),
            "repeat_of": (self.repeat_of, "id", "an id"),
        }
        for where, (name, kind, said) in wanted.items():
            if name and self[name].type != kind:
                raise ValueError(f"{where}: the field {name!r} is not {said}")
        if self.explored and self[self.explored].is_input:
            raise ValueError(
                f"explored: the field {self.explored!r} is known only once sales has chosen; give "
                "it the role ignored"
            )
        return self

    @model_validator(mode="after")
    def _lists_hold_fields(self) -> Self:
        for key in ("segments", "accept_leaks"):
            unknown = [name for name in getattr(self, key) if name not in self]
            if unknown:
                raise ValueError(f"{key} names {unknown[0]!r}, which is not declared below")
        if not all(self.accept_leaks.values()):
            raise ValueError("accept_leaks: write the reason behind each field")
        return self

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(field.name == name for field in self.fields)

    @property
    def inputs(self) -> tuple[Field, ...]:
        """The fields a model and a rulebook may look at, in file order."""
        return tuple(f for f in self.fields if f.is_input)

    def text(self) -> str:
        """The canonical YAML of this document; reading it back gives an equal document."""
        told = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return as_yaml(told | {"schema": self.document})

    def fingerprint(self) -> str:
        """sha256 over what decides a score: the declarations, not where the files lie."""
        names = ("sources", "company", "segments", "accept_leaks", "explored", "repeat_of")
        kept_out: dict[str, Any] = dict.fromkeys((*names, "actionable_activities"), True)
        kept_out["fields"] = {"__all__": {"actionable", "levels"}}
        told = self.model_dump(mode="json", by_alias=True, exclude=kept_out)
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def parse_document(kind: type[Document], text: str, where: str) -> Document:
    """Parse YAML `text` into a `kind`, or say in plain words what is wrong with it.

    Raises:
        DocumentRefused: naming `where`, each place and each reason.
    """
    try:
        told = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DocumentRefused(f"{where} is not YAML: {error}. Mend the line it names.") from error
    if not isinstance(told, dict):
        raise DocumentRefused(f"{where} holds no mapping of keys to values at its top.")
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(p) for p in e['loc']) or 'document'}: "
            f"{e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise DocumentRefused(f"{where} cannot be used:\n" + "\n".join(lines)) from error


def read_fields(path: Path) -> Fields:
    """Read a `fields.yaml`.

    Raises:
        DocumentRefused: when the file is missing or contradicts itself.
    """
    if not path.is_file():
        raise DocumentRefused(
            f"{path} is not there. Run `leadpact init LEADS.csv --converted COLUMN -w "
            f"{path.parent}` to draft one."
        )
    found = parse_document(Fields, path.read_text(encoding="utf-8"), str(path))
    assert isinstance(found, Fields)
    return found
