"""What people write in their own words into a form: so long, and no longer."""

from __future__ import annotations

from collections.abc import Mapping

from features.errors import InputRefused
from serving.feedback import MAX_NOTE


def note_of(typed: Mapping[str, str], control: str, asks: str = "") -> str:
    """The words that were typed into a control.

    Args:
        asks: what is asked for where words are needed, such as "Say why"; "" where none may come.

    Raises:
        InputRefused: when there are none and some are needed, or too many.
    """
    words = typed.get(control, "").strip()
    if len(words) > MAX_NOTE or "\x00" in words:
        raise InputRefused(f"{len(words):,} characters are too many; {MAX_NOTE:,} are taken.")
    if asks and not words:
        raise InputRefused(f"{asks}, in 1 to {MAX_NOTE:,} characters.")
    return words
