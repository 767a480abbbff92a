"""What separates the cells of a table of text: a country's spreadsheets write `;` where others
write a comma."""

from __future__ import annotations

DELIMITERS = (",", ";", "\t", "|")


def delimiter_of(names: str) -> str:
    """The sign that separates the names in a table's first line: the one that stands there most
    often outside quotes; a comma where none does."""
    bare = "".join(names.split('"')[::2])
    return max(DELIMITERS, key=bare.count)
