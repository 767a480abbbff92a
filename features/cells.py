"""Cells of a table that people open in a spreadsheet: a text must never run there as a formula."""

from __future__ import annotations

import re
from typing import Any

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet run a cell (OWASP, CSV injection); the last
four are = + - @ in full width, which some spreadsheets take for the plain ones."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def make_inert(cell: Any) -> Any:
    """The cell as it may stand in a CSV file: a text that a spreadsheet would run gets an
    apostrophe before it. Numbers stay numbers, also those written as text, such as "-3"."""
    if not isinstance(cell, str) or not cell.startswith(_RISKY) or _NUMBER.fullmatch(cell):
        return cell
    return "'" + cell
