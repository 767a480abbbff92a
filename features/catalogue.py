"""The catalogue of features: one definition for training and serving.

A feature is a named function on arrays with a unit, an owner and a reason; online is n = 1.
Whatever is learned from many rows (vocabularies, scales) belongs to the estimator.
"""

from __future__ import annotations

import hashlib
import inspect
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from features import engagement, fit
from features.arrays import Column, Table
from features.declare import Declaration, Feature, declared
from features.fields import Fields
from features.snapshot import Snapshot
from features.timeline import Activities

VERSION = "1"
"""Raised when a feature's meaning changes: old bundles are then refused, never misread."""

CHANNELS, KINDS = 12, 24
"""At most so many channels and kinds get features of their own, the most frequent ones."""


@dataclass(frozen=True)
class Vocabulary:
    """The channels, kinds and teams that activity features are made for; kept in the bundle."""

    channels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    @classmethod
    def of(cls, activities: Activities) -> Vocabulary:
        """The vocabulary of a history: frequent enough to learn from, in alphabetic order."""
        return cls(
            _frequent(activities.channel, CHANNELS),
            _frequent(activities.kind, KINDS),
            _frequent(activities.team, 4),
        )


def _frequent(column: Column, most: int) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for value in column:
        counts[value] = counts.get(value, 0) + 1
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(sorted(name for name, n in by_count[:most] if n >= 20 or len(column) < 1000))


@dataclass(frozen=True)
class Catalogue:
    """The features of one workspace, in order."""

    features: tuple[Feature, ...]

    @classmethod
    def of(cls, fields: Fields, vocabulary: Vocabulary) -> Catalogue:
        """Features of every input field, and of activities when there are any."""
        made: list[Feature] = []
        for field in fields.inputs:
            made.extend(fit.features_of(field))
        as_of = fields.timing.as_of
        if as_of and not fields[as_of].is_input:
            made.extend(fit.features_of(fields[as_of]))
        if vocabulary.channels:
            made.extend(_activity_features(vocabulary))
        return cls(tuple(_named_once(made, {f.name for f in fields.inputs})))

    def compute(self, snapshot: Snapshot) -> Table:
        """Every feature of every lead: columns of shape (n,)."""
        return Table(snapshot.n, {f.name: f.compute(snapshot) for f in self.features})

    def __getitem__(self, name: str) -> Feature:
        for feature in self.features:
            if feature.name == name:
                return feature
        raise KeyError(name)

    def fingerprint(self) -> str:
        """sha256 over names, kinds, lines and the catalogue's version."""
        told = "\n".join(f"{f.name} {f.kind} {f.line}" for f in self.features)
        return hashlib.sha256(f"{VERSION}\n{told}".encode()).hexdigest()


def _named_once(made: list[Feature], declared_names: set[str]) -> Iterable[Feature]:
    """A declared field keeps its name; a derived feature that would take it is left out."""
    for feature in made:
        of_the_field = feature.line == f"field:{feature.name}"
        if of_the_field or feature.name not in declared_names:
            yield feature


def _activity_features(vocabulary: Vocabulary) -> Iterable[Feature]:
    values: dict[str, tuple[Any, ...]] = {
        "channel": vocabulary.channels,
        "kind": vocabulary.kinds,
        "team": vocabulary.teams,
        "days": (7.0, 30.0, 90.0),
    }
    for function, declaration in declared(engagement):
        for choice in itertools.product(*(values[name] for name in declaration.each)):
            settings = dict(zip(declaration.each, choice, strict=True))
            yield _activity_feature(function, declaration, settings)


def _activity_feature(
    function: Callable[..., Column], declaration: Declaration, settings: dict[str, Any]
) -> Feature:
    wanted = [p for p in inspect.signature(function).parameters if p not in settings]
    name = "__".join([function.__name__, *(_slug(v) for v in settings.values())])
    words = {
        k: f"{v:g}" if isinstance(v, float) else v.replace("_", " ") for k, v in settings.items()
    }

    def compute(snapshot: Snapshot) -> Column:
        seen = {"own": snapshot.seen.own, "colleagues": snapshot.seen.colleagues}
        return function(**{p: seen[p] for p in wanted}, **settings)

    return Feature(
        name=name,
        kind=declaration.kind,
        unit=declaration.unit,
        owner=declaration.owner,
        line="activity:" + declaration.line.format(**{k: _slug(v) for k, v in settings.items()}),
        label=_capital(declaration.label.format(**words)),
        reason=_fill(declaration.reason, words),
        compute=compute,
    )


def _fill(template: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        # Braces in a channel's name are its own, not a place to fill.
        inert = word.replace("{", "{{").replace("}", "}}")
        template = template.replace("{" + name + "}", inert)
    return template


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _slug(value: object) -> str:
    return f"{value:g}d" if isinstance(value, float) else str(value)
