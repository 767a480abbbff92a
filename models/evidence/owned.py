"""Which features repeat what a criterion already says.

`200 to 999 employees` is a step of the field `employees`; a visit to the pricing page is also a
touch on the web and makes the last touch younger. Side by side in one fit nobody could say which
of the two an outcome belongs to, so a criterion comes first on all that its own fact moves: the
feature keeps only what it tells beyond the criteria that speak of it. Other facts stay beside
it, and evidence compares leads that are alike in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from features.catalogue import Catalogue
from features.rulebook.conditions import Fact, First, Happened, Last, Which, acts, walk
from features.rulebook.document import Criterion, Rulebook
from features.timeline import Touches

Owned = dict[str, tuple[int, ...]]
"""Feature -> the criteria, by position in the rulebook, that speak of the same fact."""

_SUMMARIES = ("recency", "breadth", "trend", "first_channel", "last_kind")
"""Lines of features that any activity moves, whatever its kind."""

Act = tuple[str | None, str | None, str | None]
"""Channel, kind and team of an activity."""


def owned_by(rulebook: Rulebook, catalogue: Catalogue, own: Touches) -> Owned:
    """The features that some criterion speaks of, with those criteria.

    Args:
        rulebook: whose criteria.
        catalogue: whose features.
        own: the leads' touches, which show in what channels and teams a kind occurs.
    """
    line_of = {f.name: f.line for f in catalogue.features}
    seen = set(zip(own.channel.tolist(), own.kind.tolist(), own.team.tolist(), strict=True))
    speaks_of = [set(_lines(c, line_of, seen)) for c in rulebook.criteria]
    found = {
        name: tuple(k for k, lines in enumerate(speaks_of) if line in lines)
        for name, line in line_of.items()
    }
    return {name: criteria for name, criteria in found.items() if criteria}


def _lines(criterion: Criterion, line_of: dict[str, str], seen: Iterable[Act]) -> Iterator[str]:
    for leaf in walk(criterion.when):
        if isinstance(leaf, Fact):
            yield line_of.get(leaf.field, f"field:{leaf.field}")
        else:
            yield from _activity_lines(leaf, seen)


def _activity_lines(leaf: Happened | First | Last, seen: Iterable[Act]) -> Iterator[str]:
    if leaf.by is not None:
        yield "activity:colleagues"
    if leaf.by == "colleagues":
        return
    yield from (f"activity:{summary}" for summary in _SUMMARIES)
    which = acts(leaf)
    for channel, kind, team in seen:
        if _meant(which, channel, kind, team):
            yield f"activity:channel_{channel}"
            yield f"activity:kind_{kind}"
            yield f"activity:intensity_{team}"


def _meant(which: Which, channel: str | None, kind: str | None, team: str | None) -> bool:
    wanted = (
        (which.channels, channel),
        (which.kinds, kind),
        (None if which.team is None else {which.team}, team),
    )
    return all(w is None or (told is not None and told.casefold() in w) for w, told in wanted)
