"""What a model card is made of, before it is HTML or Markdown: sections, tables, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.rates import FEWEST


@dataclass(frozen=True)
class Span:
    """A picture beside a row: an observed interval and what was told, each 0 to 1."""

    low: float
    high: float
    told: float


@dataclass(frozen=True)
class Grid:
    """A table of texts.

    Attributes:
        head: names of the columns.
        rows: cells; the first of each row names it.
        caption: what it shows, in a sentence.
        spans: a picture a row, or None; empty without pictures.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    spans: tuple[Span | None, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A figure that HTML draws and Markdown leaves to its table.

    Attributes:
        kind: `reliability` or `gain`.
        title, reading: what it is, and what it says in numbers.
        data: the card's figures behind it.
        twin: the same as a table.
    """

    kind: str
    title: str
    reading: str
    data: Mapping[str, Any]
    twin: Grid


@dataclass(frozen=True)
class Section:
    """One part of the card; its `gallery` holds pictures that are folded away until asked for."""

    title: str
    says: tuple[str, ...] = ()
    items: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = field(default=(), repr=False)
    grids: tuple[Grid, ...] = ()
    gallery: tuple[Picture, ...] = field(default=(), repr=False)


def rate_cell(rate: Mapping[str, Any]) -> str:
    """`17.5 (15.8 to 19.3)` in 100, or `too few` under 30 leads."""
    if rate["leads"] < FEWEST:
        return "too few"
    low, high = 100 * rate["low"], 100 * rate["high"]
    return f"{100 * rate['rate']:.1f} ({low:.1f} to {high:.1f})"


def share_cell(share: float | None) -> str:
    """A share in 100, or a dash where there is none."""
    return "\N{EN DASH}" if share is None else f"{100 * share:.1f}"


def span_of(rate: Mapping[str, Any], told: float | None) -> Span | None:
    """The picture of an observed rate beside what was told; None with too few leads."""
    if told is None or rate["leads"] < FEWEST:
        return None
    return Span(rate["low"], rate["high"], told)


def listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def day(instant: str) -> str:
    """The date of an ISO instant."""
    return instant[:10]
