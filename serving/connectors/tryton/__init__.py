"""Tryton: opportunities become leads, and each carries its score as a note. See docs/tryton.md."""
