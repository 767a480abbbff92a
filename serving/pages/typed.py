"""Numbers and lists as people type them into one-line controls, and as such controls show them."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence

_AMBIGUOUS = re.compile(r"[^.]*\d,\d{3}")


def listed(names: Sequence[str]) -> str:
    """Names with commas between them; one that holds a comma stands in double quotes."""
    return ", ".join(
        '"' + name.replace('"', '""') + '"' if set(name) & set(',"') else name for name in names
    )


def names_in(text: str) -> list[str]:
    """The names with commas between them; the inverse of `listed`.

    Raises:
        ValueError: a sentence.
    """
    try:
        [cells] = csv.reader([text], skipinitialspace=True, strict=True) if text else [[]]
    except csv.Error:
        raise ValueError("A double quote has no other; write names with commas.") from None
    return [cell.strip() for cell in cells if cell.strip()]


def as_number(text: str) -> float:
    """The number that was typed, with a point or a comma before its decimals.

    Raises:
        ValueError: a sentence.
    """
    if _AMBIGUOUS.fullmatch(text):
        raise ValueError(f"{text[:40]!r} can be read in two ways; write it without the comma.")
    try:
        found = float(text.replace("\N{MINUS SIGN}", "-").replace(",", "."))
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"A number was expected, got {text[:40]!r}.")
    return found
