"""Errors as part of the product: what, where, why, what now. No HTTP in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one value.

    Attributes:
        field: the field's name, or "" when the whole record is meant.
        got: what was found, as text, shortened.
        why: what is wrong with it, a full sentence.
        allowed: what would be right.
        row: the row (0-based) in the batch, or None for a single record.
        place: an RFC 6901 pointer into a JSON body, or "".
    """

    field: str
    got: str
    why: str
    allowed: str = ""
    row: int | None = None
    place: str = ""

    def sentence(self) -> str:
        """The problem in one line a person can act on."""
        at = self.field or self.place or "record"
        now = f" Allowed: {self.allowed}." if self.allowed else ""
        return f"{at}: got {self.got}. {self.why}{now}"


def shorten(value: object, limit: int = 60) -> str:
    """`value` as one printable line of at most `limit` characters, for an error message."""
    text = repr(value) if isinstance(value, str) else str(value)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= limit else text[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


class LeadpactError(Exception):
    """Base of every error that a user can cause and mend."""


class InputRefused(LeadpactError):
    """A record, or every record of a batch, cannot be taken as it is."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class DocumentRefused(LeadpactError):
    """A fields file or a rulebook cannot be read or contradicts itself."""


class NothingToLearn(LeadpactError):
    """The history that is left cannot teach: too few rows, or only one outcome."""


class LeakSuspected(LeadpactError):
    """Inputs look known only after the outcome, and nobody answers for them."""

    def __init__(self, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.fields = tuple(fields)


class BundleRefused(LeadpactError):
    """A model bundle is damaged, foreign, or of another version."""


class SentenceRefused(DocumentRefused):
    """A rule written in English cannot be read: where, what was found, what was expected."""

    def __init__(self, sentence: str, at: int, found: str, expected: Sequence[str]) -> None:
        self.at, self.found, self.expected = at, found, tuple(expected)
        wanted = ", ".join(expected[:-1]) + (" or " if expected[1:] else "") + expected[-1]
        line = "".join(c if c.isprintable() else " " for c in sentence)
        super().__init__(
            f"The sentence cannot be read at character {at + 1}: found {found}, expected {wanted}."
            f"\n  {line}\n  {' ' * at}^"
        )
