"""What is searched of a lead: its id and its texts, whatever their case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def searchable(fields: Mapping[str, Any]) -> str:
    """A lead's texts, its id among them, case-folded, a line each: no search spans two of them."""
    return "\n".join(folded(value) for value in fields.values() if isinstance(value, str))


def folded(text: str) -> str:
    """A text, as it is searched for."""
    return text.casefold()
