"""What a column of an export holds, told from its cells: type, format, missing markers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from features.arrays import Floats
from features.fields import FieldType
from features.values import FALSE, TRUE, parse_instant
from training.words import names_a_code, names_a_job_title, names_an_id, words_of

if TYPE_CHECKING:
    import pandas as pd

_MARKERS = frozenset(
    """unknown n/a na #n/a null nan nil - -- ? . (blank) blank missing unspecified undefined
    (none) #null! \\n""".split()  # noqa: SIM905  # reads better than a quoted set
) | {"not specified", "not provided", "not given", "not available", "not known", "no answer"}
_SELECT = re.compile(r"\W*(please )?(select|choose)( one| an option| a value)?\W*")
_SENTINEL = re.compile(r"(9{2,}|-1|-9+)(\.0+)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PATTERNS = (
    "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y",
    "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y",
    "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y",
    "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%m/%d/%Y %I:%M %p",
    "%m-%d-%Y %H:%M", "%m-%d-%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%d-%b-%Y", "%d-%b-%y", "%d.%m.%y", "%m/%d/%y",
)  # fmt: skip
"""Ways to write an instant besides ISO 8601, day before month where a file leaves both open."""
_ENOUGH = 0.99
"""Share of the cells that must fit a type; the others go to quarantine, named."""
NEARLY_ALL = 0.98
"""Share of distinct cells from which a text identifies leads instead of describing them."""


@dataclass(frozen=True)
class Profile:
    """What one column holds.

    Attributes:
        column: its name in the export.
        words: the name in lower-case words.
        n: rows.
        levels: distinct given texts, the most frequent first.
        counts: how often each level stands, same order.
        markers: texts that mean "not given", as written.
        type: what the cells are.
        format: `email`, `job title`, or a strptime pattern.
    """

    column: str
    words: str
    n: int
    levels: tuple[str, ...]
    counts: tuple[int, ...]
    markers: tuple[str, ...]
    type: FieldType
    format: str = ""

    @property
    def given(self) -> int:
        """How many rows give a value."""
        return sum(self.counts)

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.given == self.n and len(self.levels) == self.n

    @property
    def identifies(self) -> bool:
        """Whether nearly every row has a value of its own, and nearly every row has one."""
        distinct = len(self.levels) >= NEARLY_ALL * self.given
        return self.n >= 20 and distinct and self.given >= 0.9 * self.n

    @property
    def is_constant(self) -> bool:
        """Whether every row says the same, or nothing at all."""
        return not self.levels or (len(self.levels) == 1 and self.given == self.n)

    def numbers(self) -> Floats:
        """The levels as numbers, NaN where one is none."""
        return np.array([_as_number(level) for level in self.levels], dtype=np.float64)


def profile(series: pd.Series[Any]) -> Profile:
    """What a column holds."""
    counts = _counts(series)
    column = str(series.name)
    words = words_of(column)
    markers = tuple(level for level in counts if is_marker(level))
    given = {level: k for level, k in counts.items() if level not in markers}
    found, form = _type_of(given, words)
    if found in ("number", "instant") and "none" in {g.casefold() for g in given}:
        markers += tuple(g for g in given if g.casefold() == "none")
    if found == "number":
        markers += _sentinels(given)
    given = {level: k for level, k in given.items() if level not in markers}
    by_count = sorted(given.items(), key=lambda item: (-item[1], item[0]))
    levels, times = tuple(v for v, _ in by_count), tuple(k for _, k in by_count)
    return Profile(column, words, len(series), levels, times, _once(markers), found, form)


def is_marker(text: str) -> bool:
    """Whether a cell's text says that there is no value."""
    bare = text.casefold()
    return bare in _MARKERS or bool(_SELECT.fullmatch(bare))


def _once(markers: tuple[str, ...]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for marker in markers:
        first.setdefault(marker.casefold(), marker)
    return tuple(sorted(first.values()))


def _counts(series: pd.Series[Any]) -> dict[str, int]:
    codes, levels = series.factorize()
    times = np.bincount(codes[codes >= 0], minlength=len(levels))
    counts: dict[str, int] = {}
    for level, k in zip(levels, times.tolist(), strict=True):
        text = _as_text(level)
        if text:
            counts[text] = counts.get(text, 0) + k
    return counts


def _as_text(cell: Any) -> str:
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def _type_of(given: dict[str, int], words: str) -> tuple[FieldType, str]:
    bare = {g.casefold() for g in given}
    if bare and len(bare) <= 2 and bare <= TRUE | FALSE:
        return "boolean", ""
    total = sum(given.values())
    if given and _share(given, _is_number) >= _ENOUGH:
        return ("category" if _is_code(given, words) else "number"), ""
    pattern = _pattern_of(given)
    if pattern is not None:
        return "instant", pattern
    if given and _share(given, lambda g: bool(_EMAIL.fullmatch(g))) >= 0.9:
        return "text", "email"
    if names_a_job_title(words) and len(given) > 12:
        return "text", "job title"
    if names_an_id(words) and len(given) >= NEARLY_ALL * total:
        return "id", ""
    return ("category" if _repeats(given, total) else "text"), ""


def _is_code(given: dict[str, int], words: str) -> bool:
    return names_a_code(words) and 2 * len(given) <= sum(given.values())


def _repeats(given: dict[str, int], total: int) -> bool:
    """Whether levels come back often enough to be learned from one by one."""
    if given and max(len(g) for g in given) > 120:
        return False
    many = len(given)
    return (many <= 200 and total >= 5 * many) or (many <= 20 and total >= 2 * many)


def _share(given: dict[str, int], test: Any) -> float:
    total = sum(given.values())
    return sum(k for g, k in given.items() if test(g)) / total if total else 0.0


def _as_number(text: str) -> float:
    """As `features.frames` reads it: a percent sign and thin spaces are let pass."""
    bare = text.replace("\u202f", "").replace("\u00a0", "").rstrip("%").strip()
    try:
        number = float("?" if "_" in bare else bare)
    except ValueError:
        return float("nan")
    return number if np.isfinite(number) else float("nan")


def _is_number(text: str) -> bool:
    return not np.isnan(_as_number(text)) or text.casefold() == "none"


def _pattern_of(given: dict[str, int]) -> str | None:
    """The first way of writing instants that fits the cells; "" is ISO 8601."""
    some = [g for g in given if g.casefold() != "none"]
    if not some or not any(c.isdigit() for c in some[0]) or len(some[0]) < 6:
        return None
    need = _ENOUGH * len(some)
    for pattern in ("", *PATTERNS):
        if _reads(some[0], pattern) and sum(_reads(s, pattern) for s in some) >= need:
            return pattern
    return None


def _reads(text: str, pattern: str) -> bool:
    try:
        if pattern:
            datetime.strptime(text, pattern)  # noqa: DTZ007  # only whether it can be read
        else:
            parse_instant(text)
    except (ValueError, OverflowError):
        return False
    return True


def _sentinels(given: dict[str, int]) -> tuple[str, ...]:
    """Numbers that stand for "none": a spike of nines or minus ones far outside the rest."""
    total = sum(given.values())
    suspected = [g for g, k in given.items() if _SENTINEL.fullmatch(g) and k >= 0.005 * total]
    x = np.array([_as_number(g) for g in given if g not in suspected], dtype=np.float64)
    x = x[~np.isnan(x)]
    if len(x) < 3:
        return ()
    far = 3 * float(np.abs(x).max())
    return tuple(
        g for g in suspected if (x.min() >= 0 if g.startswith("-") else _as_number(g) > far)
    )
