"""A replay as rows: what both texts hand over, and what came of it. No HTML here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.wording import signed
from serving.pages.words import thousands


@dataclass(frozen=True)
class Measure:
    """One row: what is measured, under both texts, the change, and what is to be known of it."""

    says: str
    before: str
    after: str
    change: str
    note: str


@dataclass(frozen=True)
class Crossing:
    """A lead that crosses the threshold: scores, and their places in %."""

    lead_id: str
    before: int
    after: int
    why: str

    @property
    def span(self) -> tuple[float, float]:
        """The ends of the line between both."""
        return tuple(sorted(max(0.0, min(100.0, x)) for x in (self.before, self.after)))  # type: ignore[return-value]


def measures(told: Mapping[str, Any], capacity: float | None) -> list[Measure]:
    """The rows of a replay as it is kept with a proposal.

    Args:
        capacity: hand-overs a week that sales can work.
    """
    join, leave = told["flips_in"], told["flips_out"]
    moved = 100 * told["share_moved"]
    note = f"{moved:.1f} in 100 of {told['open_leads']:,} open leads cross the threshold"
    found = [
        Measure("Open leads that would join", "", thousands(join), f"+{join}" if join else "0", ""),
        Measure("Open leads that would leave", "", thousands(leave), _minus(leave), note),
    ]
    return [*found, *_matured(told["matured"], capacity)]


def _minus(count: int) -> str:
    return f"\N{MINUS SIGN}{count}" if count else "0"


def _matured(told: Mapping[str, Any], capacity: float | None) -> Iterator[Measure]:
    before, after = told.get("before"), told.get("after")
    if not before or not after or not told["known"]:
        return
    works = "" if capacity is None else f"sales can work {capacity:g}"
    if before["workload"] and after["workload"]:
        a, b = before["workload"]["mean"], after["workload"]["mean"]
        yield Measure("Hand-overs a week", f"{a:.1f}", f"{b:.1f}", signed(b - a), works)
        a, b = before["workload"]["busiest"], after["workload"]["busiest"]
        yield Measure("In the busiest week", str(a), str(b), signed(b - a, 0), "")
    a, b = before["recall"], after["recall"]
    caught = f"of {b['leads']:,} conversions"
    got = b["conversions"] - a["conversions"]
    yield Measure(
        "Conversions caught",
        thousands(a["conversions"]),
        thousands(b["conversions"]),
        signed(got, 0),
        caught,
    )
    a, b = before["precision"], after["precision"]
    if a["rate"] is not None and b["rate"] is not None:
        ends = f"{100 * b['low']:.0f} to {100 * b['high']:.0f}"
        change = signed(100 * (b["rate"] - a["rate"]))
        rates = f"{100 * a['rate']:.1f}", f"{100 * b['rate']:.1f}"
        says = "In 100 handed over, converted"
        yield Measure(says, rates[0], rates[1], change, f"interval {ends}")
    if before["caught"] is not None and after["caught"] is not None:
        was, won = before["caught"], after["caught"]
        more = thousands(abs(won - was))
        change = signed(won - was, 0)[:1] + more if won != was else "0"
        yield Measure("Won amount caught", thousands(was), thousands(won), change, "")


def crossings(examples: Mapping[str, Any]) -> dict[str, list[Crossing]]:
    """Leads that would join and leave, as `replay_stored` gives them."""
    return {
        way: [
            Crossing(
                one["lead_id"],
                round(one["before"]),
                round(one["after"]),
                "; ".join(f"{w['what']} {signed(w['points'])}" for w in one["why"]),
            )
            for one in examples[way]
        ]
        for way in ("out", "in")
    }
