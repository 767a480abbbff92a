"""What became of a payload, as the service answers it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from serving.ingesting.results import Result
from serving.mappings.items import Gone, Happened, Item, Left, Same, Told
from serving.problems import as_json
from serving.record import Record

_SCORE = ("score", "agreed_score", "grade", "likelihood")


def told_of(record: Record, results: Sequence[Result]) -> dict[str, Any]:
    """Results, the scores that leads have now, and what was not read: plain JSON values."""
    not_read = Counter(name for r in results for name in r.not_read)
    unmapped = Counter(
        (r.item.record, field, value)
        for r in results
        for field, value in getattr(r.item, "unmapped", ())
    )
    return {
        "results": [_result(r) for r in results],
        "scores": _scores(record, _leads(results)),
        "not_read": dict(sorted(not_read.items())),
        "unmapped": [
            {"record": record_, "field": field, "value": value, "times": times}
            for (record_, field, value), times in sorted(unmapped.items())
        ],
    }


def _result(result: Result) -> dict[str, Any]:
    what, name = _what(result.item)
    return {
        "pointer": result.item.place,
        "record": result.item.record,
        "what": what,
        "id": name,
        "status": result.status,
        "reason": result.reason,
        "errors": [as_json(p) for p in result.problems],
    }


def _what(item: Item) -> tuple[str, str | None]:
    match item:
        case Told():
            return item.kind, item.id
        case Happened():
            return item.kind, str(item.event["event_id"])
        case Gone():
            return "removal", item.id
        case Same():
            return ("merge" if item.merged else "link"), item.id
        case Left():
            return "nothing", None
        case _:
            return "refused", None


def _leads(results: Iterable[Result]) -> set[str]:
    """Leads of which something was stored."""
    found = set()
    for result in results:
        item = result.item
        if result.status != "stored":
            continue
        if isinstance(item, Told) and item.kind == "lead":
            found.add(item.id)
        elif isinstance(item, Happened):
            found.add(str(item.event["lead_id"]))
        elif isinstance(item, Same):
            found.add(item.lead)
    return found


def _scores(record: Record, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    rows = [row for row in record.leads.find_many(ids) if row.score_seq is not None]
    names = record.scores.ids(row.score_seq for row in rows)
    return {
        row.id: {"score_id": names[row.score_seq], **{k: getattr(row, k) for k in _SCORE}}
        for row in rows
    }
