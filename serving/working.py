"""What is asked of the worklist, by the pages and by the API alike."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from sqlalchemy import Row

from features.rulebook.document import Rulebook
from serving.problems import refused, wrong
from serving.schema import NO_NUL
from serving.storage.leads import Filter
from serving.storage.tables import MAX_ID
from serving.storage.worklist import ANY_TIME, CLOSED, SORTS, Place, Wanted, Worklist

_PLACE = r"^-?[0-9]{1,18}\.[0-9]{1,18}$"
DAY = 86_400_000_000
"""Microseconds."""
VIEWS = {
    "": ("All open", "open"),
    "ready": ("Reach the hand-over", "ready"),
    "disagree": ("We disagree", "disagree"),
    "returned": ("Returned", "returned"),
    "waiting": ("Wait for sales", "waiting"),
    "due": ("Due within a day", "due"),
    "late": ("Call or decision late", "late"),
    "nobody": ("Nobody's", "nobody"),
}
"""View -> its name, and the count beside it."""
SORTED_BY = {
    "score": "Score, highest first",
    "changed": "Changed last",
    "disagreement": "Largest disagreement",
}
Text = Annotated[str, Query(max_length=MAX_ID, pattern=NO_NUL)]


class Asked:
    """What the address asks for; unknown words are refused by name."""

    def __init__(
        self,
        view: Annotated[Text, Query(json_schema_extra={"enum": list(VIEWS)})] = "",
        q: Text = "",
        grade: Text = "",
        stage: Text = "",
        owner: Text = "",
        channel: Text = "",
        grid: Annotated[str, Query(pattern="^$|^[A-D][1-4]$")] = "",
        least: Annotated[str, Query(pattern="^$|^[0-9]{1,3}$")] = "",
        sort: Annotated[Text, Query(json_schema_extra={"enum": list(SORTS)})] = "score",
        after: Annotated[str, Query(pattern=f"^$|{_PLACE}")] = "",
    ) -> None:
        for name, got, known in (("view", view, VIEWS), ("sort", sort, SORTS)):
            if got not in known:
                told = ", ".join(k or "(none)" for k in known)
                raise refused([wrong(f"/query/{name}", got, f"There is no such {name}.", told)])
        self.view, self.q, self.grade, self.stage, self.owner = view, q.strip(), grade, stage, owner
        self.channel, self.grid, self.least, self.sort = channel, grid, least, sort
        self.after = after

    @property
    def place(self) -> Place | None:
        """Where the page begins."""
        if not self.after:
            return None
        value, seq = self.after.split(".")
        return Place(int(value), int(seq))

    def wanted(self, rulebook: Rulebook, now: int) -> Wanted:
        """The question to the store, at an instant in microseconds."""
        hand_over_from = round(rulebook.hand_over_from)
        stage = "returned" if self.view == "returned" else self.stage or None
        least = int(self.least or 0)
        asked = Filter(
            grades=(self.grade,) if self.grade else (),
            least=max(least, hand_over_from) if self.view == "ready" else least or None,
            stage=stage,
            owner=self.owner or None,
            channel=self.channel or None,
            grid=self.grid or None,
        )
        is_open = stage not in CLOSED
        gap = rulebook.tolerance_points if self.view == "disagree" else 0
        due = {"waiting": ANY_TIME, "due": now + DAY, "late": now}.get(self.view)
        unowned = self.view == "nobody"
        return Wanted(asked, self.q, is_open, gap, self.sort, self.place, due, unowned)

    def address(self, path: str = "/leads", **changes: str) -> str:
        """This view's address with some of it changed."""
        told = {
            "view": self.view,
            "q": self.q,
            "grade": self.grade,
            "stage": self.stage,
            "owner": self.owner,
            "channel": self.channel,
            "grid": self.grid,
            "least": self.least,
            "sort": "" if self.sort == "score" else self.sort,
        } | changes
        kept = {k: v for k, v in told.items() if v}
        return f"{path}?{urlencode(kept)}" if kept else path


def look(
    store: Worklist, rulebook: Rulebook, asked: Asked, now: int, most: int
) -> tuple[list[Row[Any]], str]:
    """A page of the worklist, and where the next one begins; "" after the last.

    Args:
        now: the instant, in microseconds.
        most: leads of the page.
    """
    rows = store.page(asked.wanted(rulebook, now), most + 1)
    more, rows = len(rows) > most, rows[:most]
    return rows, f"{rows[-1].place}.{rows[-1].seq}" if more else ""


def counts_of(store: Worklist, rulebook: Rulebook, now: int) -> dict[str, int]:
    """How many leads each view holds, by the names in `VIEWS`."""
    bounds = round(rulebook.hand_over_from), rulebook.tolerance_points
    return store.counts(*bounds) | store.waiting(now, now + DAY)
