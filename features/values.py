"""One value at a time: what a field accepts from JSON, and what it makes of it.

JSON is taken strictly (a `"12"` is no number, a `true` no count); files of text are taken by
`features.frames`, which shares the markers and the bounds.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np

from features.errors import Problem, shorten
from features.fields import Field

TRUE = frozenset({"1", "yes", "true", "y", "t", "on"})
FALSE = frozenset({"0", "no", "false", "n", "f", "off"})
MAX_TEXT = 10_000
"""Characters; a longer text in one field is refused."""

Value = float | str | np.datetime64 | None


class _Refused(ValueError):
    """Why one value cannot be taken, and what could be."""

    def __init__(self, why: str, allowed: str) -> None:
        super().__init__(why)
        self.why, self.allowed = why, allowed


def allowed(field: Field) -> str:
    """What a field accepts, in words: for errors, for the API's schema and for the form."""
    match field.type:
        case "number":
            low, high = field.minimum, field.maximum
            if low is not None and high is not None:
                return f"a number from {low:,.15g} to {high:,.15g}, or null"
            if low is not None:
                return f"a number of {low:,.15g} or more, or null"
            if high is not None:
                return f"a number of {high:,.15g} or less, or null"
            return "a number, or null"
        case "boolean":
            return "true, false, or null"
        case "instant":
            return "an ISO 8601 date and time such as 2026-11-24T11:58:00Z, or null"
        case _:
            return f"a text of at most {MAX_TEXT:,} characters, or null"


def is_missing(field: Field, text: str) -> bool:
    """Whether `text` is empty or one of the field's missing markers."""
    bare = text.strip().casefold()
    return not bare or bare in {marker.casefold() for marker in field.missing}


def is_marked(field: Field, number: float) -> bool:
    """Whether a number is one of the field's missing markers, however either is written."""
    return any(_as_number(marker) == number for marker in field.missing)


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


NO_TEXT = "The text holds half a character (a lone surrogate) or a NUL."


def is_no_text(text: str) -> bool:
    """Whether it holds what no text file and no store takes: half a character (a lone surrogate)
    or a NUL."""
    return "\x00" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text)


def check_bounds(field: Field, value: float) -> None:
    """Raise when a number is not finite or outside the field's bounds."""
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum
    if not math.isfinite(value):
        raise _Refused("Not a finite number.", allowed(field))
    if not low <= value <= high:
        what = f" ({field.unit})" if field.unit else ""
        raise _Refused(f"{field.title}{what} is outside its bounds.", allowed(field))


def parse_instant(text: str, pattern: str = "") -> np.datetime64:
    """An instant in UTC; a time without a zone is taken as UTC.

    Raises:
        ValueError: when `text` follows neither `pattern` nor ISO 8601.
    """
    told = datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007
    plain = np.datetime64(told.replace(tzinfo=None), "us")
    # Taken off by numpy: from the first hour of year 1 an offset leads to where datetime ends.
    return plain - np.timedelta64(told.utcoffset() or timedelta(0), "us")


def is_marker(field: Field, value: object) -> bool:
    """Whether a JSON text is one of the field's missing markers; an empty text is none."""
    return isinstance(value, str) and bool(value.strip()) and is_missing(field, value)


def _number(field: Field, value: object) -> Value:
    if is_marker(field, value):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Refused("A number was expected.", allowed(field))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if is_marked(field, number):
        return None
    check_bounds(field, number)
    return number


def _boolean(field: Field, value: object) -> Value:
    if is_marker(field, value):
        return None
    if not isinstance(value, bool):
        raise _Refused("True or false was expected.", allowed(field))
    return float(value)


def _text(field: Field, value: object) -> Value:
    if not isinstance(value, str):
        raise _Refused("A text was expected.", allowed(field))
    if len(value) > MAX_TEXT:
        raise _Refused(f"The text has {len(value):,} characters.", allowed(field))
    if is_no_text(value):
        raise _Refused(NO_TEXT, allowed(field))
    return None if is_missing(field, value) else value.strip()


def _instant(field: Field, value: object) -> Value:
    if not isinstance(value, str):
        raise _Refused("A date and time as text was expected.", allowed(field))
    if is_marker(field, value):
        return None
    try:
        return parse_instant(value)
    except (ValueError, OverflowError):
        raise _Refused("This is no date and time.", allowed(field)) from None


_PARSERS = {
    "number": _number,
    "boolean": _boolean,
    "instant": _instant,
    "category": _text,
    "text": _text,
    "id": _text,
}


def parse_value(field: Field, value: object) -> Value | Problem:
    """One JSON value as the field's own: float (1.0/0.0 for booleans), text, instant or None.

    Returns a `Problem` instead of raising, so that a record reports everything wrong at once.
    """
    if value is None:
        return None
    try:
        return _PARSERS[field.type](field, value)
    except _Refused as refused:
        return Problem(field.name, shorten(value), refused.why, refused.allowed)
