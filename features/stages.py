"""The stages of a lead's way after it was handed over, as outcomes tell them."""

from __future__ import annotations

from collections.abc import Iterable

EXCLUDED, REOPENED = "excluded", "reopened"
"""It turned out to be no lead: cancelled, there twice, nobody to be reached. Or it was opened
again."""
STAGES = ("accepted", "returned", "qualified", "won", "lost", "left", EXCLUDED, REOPENED)
"""Sales accepted or returned the lead, qualified it, won or lost it; the customer left; and the two
above."""
FINAL = ("won", "lost", "returned", "left", EXCLUDED)
"""Stages after which a lead is no longer waiting to be scored."""
_FOR_GOOD = ("won", "left")


def has_ended(stages: Iterable[str]) -> bool:
    """Whether a lead has ended.

    A win, and that the customer left, end it whatever sales does with the customer afterwards; of
    all else the last word counts, so that whoever is accepted again is open. Only `reopened` takes
    back everything before it.

    Args:
        stages: the lead's, oldest first.
    """
    told = tuple(stages)
    since = told[len(told) - told[::-1].index(REOPENED) :] if REOPENED in told else told
    return bool(since) and (since[-1] in FINAL or any(stage in _FOR_GOOD for stage in since))


def is_excluded(stages: Iterable[str]) -> bool:
    """Whether the last word on a lead is that it was none: what became of it then tells nothing of
    leads. Its stages, oldest first."""
    return tuple(stages)[-1:] == (EXCLUDED,)
