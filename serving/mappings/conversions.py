"""Named conversions: from what a CRM writes to what a field takes. There are no others."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np

from features.values import FALSE, TRUE, parse_instant

Conversion = Literal[
    "text",
    "lower",
    "number",
    "range start",
    "boolean",
    "given",
    "instant",
    "seconds",
    "end of day",
    "salesforce id",
    "before the dot",
    "after the dot",
]
"""What `as` may say."""
INSTANTS: tuple[Conversion, ...] = ("instant", "seconds", "end of day")
"""Those that give an instant."""

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_RANGE = re.compile(r"([0-9][0-9,]*)(\+| *[-\N{EN DASH}] *[0-9][0-9,]*)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MILLISECONDS = re.compile(r"-?[0-9]{11,15}")
_DOTNET = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/")
_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999
"""Milliseconds from 1970 to the first and the last instant of the years 1 to 9999."""
_SALESFORCE = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


class NotConverted(ValueError):
    """Why a value cannot be converted, and what could be."""

    def __init__(self, why: str, allowed: str) -> None:
        super().__init__(why)
        self.why, self.allowed = why, allowed


def convert(how: Conversion, value: Any) -> Any:
    """A value that is there (neither null nor an empty one), converted to a JSON value.

    Raises:
        NotConverted: when it is not of that kind.
    """
    return _CONVERSIONS[how](value)


def as_text(value: Any) -> str:
    """A single JSON value as text: true and false as JSON writes them, 7.0 as 7.

    Raises:
        NotConverted: when it is a list or an object.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise NotConverted("A single value was expected.", "a text, a number, true or false")


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return _finite(value)
    raise NotConverted("A number was expected.", "a number, or its digits as text")


def _finite(value: Any) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise NotConverted("The number is not finite.", "a number")
    return number


def _range_start(value: Any) -> float:
    if not isinstance(value, str):
        return _number(value)
    found = _RANGE.fullmatch(value.strip())
    if found is None:
        return _number(value)
    return _finite(found[1].replace(",", ""))


def _boolean(value: Any) -> bool:
    told = as_text(value).casefold()
    if told not in TRUE | FALSE:
        raise NotConverted("Yes or no was expected.", "true, false, 1, 0, yes or no")
    return told in TRUE


def _given(_value: Any) -> bool:
    return True


_INSTANT = "ISO 8601, /Date(milliseconds)/, or whole milliseconds since 1970"


def _instant(value: Any) -> str:
    told = as_text(value)
    dotnet = _DOTNET.fullmatch(told)
    if dotnet is not None or _MILLISECONDS.fullmatch(told):
        return _since_1970(int(told if dotnet is None else dotnet[1]))
    try:
        return f"{parse_instant(told)}Z"
    except (ValueError, OverflowError):
        raise NotConverted("This is no date and time.", _INSTANT) from None


def _since_1970(milliseconds: int) -> str:
    if not _FIRST <= milliseconds <= _LAST:
        raise NotConverted("This instant is in no year from 1 to 9999.", _INSTANT)
    return f"{np.datetime64(milliseconds, 'ms').astype('datetime64[us]')}Z"


def _seconds(value: Any) -> str:
    return _since_1970(round(_number(value) * 1000))


def _end_of_day(value: Any) -> str:
    """A date without a time is the last second of that day: what it tells had happened by then."""
    told = as_text(value)
    return _instant(f"{told}T23:59:59Z" if _DAY.fullmatch(told) else told)


def _salesforce_id(value: Any) -> str:
    """The form of 18 characters of a record's id, which case cannot mangle.

    Each of the three added characters says which of five letters are capitals (Salesforce,
    "18-character, case-safe record IDs").
    """
    told = as_text(value)
    if not _SALESFORCE.fullmatch(told):
        raise NotConverted("This is no id of a record.", "15 or 18 letters and digits")
    bare = told[:15]
    added = ""
    for start in (0, 5, 10):
        capitals = [c.isupper() for c in bare[start : start + 5]]
        added += _CHECK[sum(1 << i for i, capital in enumerate(capitals) if capital)]
    if told[15:] not in ("", added):
        raise NotConverted("Its last three characters do not fit the others.", f"{bare}{added}")
    return bare + added


def _before_the_dot(value: Any) -> str:
    return as_text(value).partition(".")[0]


def _after_the_dot(value: Any) -> str:
    return as_text(value).partition(".")[2]


_CONVERSIONS: dict[Conversion, Callable[[Any], Any]] = {
    "text": as_text,
    "lower": lambda value: as_text(value).lower(),
    "number": _number,
    "range start": _range_start,
    "boolean": _boolean,
    "given": _given,
    "instant": _instant,
    "seconds": _seconds,
    "end of day": _end_of_day,
    "salesforce id": _salesforce_id,
    "before the dot": _before_the_dot,
    "after the dot": _after_the_dot,
}
assert set(_CONVERSIONS) == set(get_args(Conversion))
