"""What changed in Tryton, as records for `serving/mappings/tryton.yaml`.

A lead's facts are those of its first version: `party`, `employee` and `amount` are filled in as
a lead is won, and Tryton keeps every version of an opportunity. What became of it is told from the
same versions, one record for each change of state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from serving.connectors.tryton.notes import is_score
from serving.connectors.tryton.rpc import Tryton, instant_of

LEAD = "sale.opportunity"
BESIDE = ("ir.note", "ir.email")
"""What people add to an opportunity."""
_AT_ONCE = 50
_MODIFIED = "last_modified_at"
_PLAIN = (
    "char", "integer", "float", "numeric", "boolean", "date", "datetime", "timestamp",
    "selection", "many2one",
)  # fmt: skip
_FURTHER = ("employee.rec_name", "currency.code", "address.country.code")
_CHANGES = ("state", "amount", "lost_reason")
Rows = list[dict[str, Any]]


def leads_since(tryton: Tryton, since: str | None) -> Iterator[tuple[str, dict[str, Rows]]]:
    """Opportunities that changed at `since` or later, oldest change first, some at a time.

    Yields:
        The instant of the last change among them, and records by the type of record.
    """
    names = _entry_fields(tryton)
    for rows in _changed(tryton, LEAD, [], ["employee.rec_name"], since):
        changes, first = _history(tryton, [row["id"] for row in rows])
        entry = _first_versions(tryton, first, names)
        leads = [
            {
                "id": row["id"],
                "told_at": row[_MODIFIED],
                "owner": (row.get("employee.") or {}).get("rec_name"),
                "entry": entry[row["id"]],
            }
            for row in rows
            if row["id"] in entry
        ]
        yield rows[-1][_MODIFIED], {LEAD: leads, f"{LEAD}.change": changes}


def beside_since(
    tryton: Tryton, model: str, since: str | None
) -> Iterator[tuple[str, dict[str, Rows]]]:
    """Notes or mails of opportunities, likewise; never their texts, and no note of ours."""
    wanted = [["resource", "like", f"{LEAD},%"]]
    names = ["resource", "create_date", "create_uid", *(["message"] if model == "ir.note" else [])]
    for rows in _changed(tryton, model, wanted, names, since):
        told = [
            {
                "id": row["id"],
                "told_at": row[_MODIFIED],
                "at": row["create_date"],
                "opportunity": int(row["resource"].partition(",")[2]),
            }
            for row in rows
            if not is_score(row)
        ]
        yield rows[-1][_MODIFIED], {model: told}


def _changed(
    tryton: Tryton, model: str, wanted: list[Any], names: list[str], since: str | None
) -> Iterator[Rows]:
    """Rows in the order of their last change; what changes meanwhile comes at the end."""
    order = [[_MODIFIED, "ASC"], ["id", "ASC"]]
    later: list[Any] = [] if since is None else [[_MODIFIED, ">=", instant_of(since)]]
    while True:
        rows: Rows = tryton.call(
            f"{model}.search_read", [*wanted, *later], 0, _AT_ONCE, order, [*names, _MODIFIED]
        )
        if not rows:
            return
        yield rows
        at, last = instant_of(rows[-1][_MODIFIED]), rows[-1]["id"]
        after = [[_MODIFIED, "=", at], ["id", ">", last]]
        later = [["OR", [[_MODIFIED, ">", at]], after]]


def _entry_fields(tryton: Tryton) -> list[str]:
    """The names of an opportunity's plain fields, those of other modules too."""
    told = tryton.call(f"{LEAD}.fields_get", [])
    plain = [n for n, f in told.items() if f["type"] in _PLAIN and f.get("loading") == "eager"]
    return [*sorted(plain), *_FURTHER]


def _history(tryton: Tryton, ids: list[int]) -> tuple[Rows, dict[str, list[int]]]:
    """Every change of state of these opportunities, oldest first; and which of them began when."""
    versions: dict[str, set[int]] = defaultdict(set)
    for at, one, _ in tryton.call(f"{LEAD}.history_revisions", ids):
        versions[at].add(one)
    state: dict[int, str] = {}
    changes: Rows = []
    first: dict[str, list[int]] = defaultdict(list)
    for at in sorted(versions):
        for row in _as_of(tryton, sorted(versions[at]), _CHANGES, at):
            one, now = row["id"], row["state"]
            if one not in state:
                first[at].append(one)
            if state.get(one, "lead") != now:
                told = {key: row[key] for key in _CHANGES}
                changes.append({"id": f"{one}-{at}", "opportunity": one, "at": at, **told})
            state[one] = now
    return changes, first


def _first_versions(
    tryton: Tryton, first: dict[str, list[int]], names: Sequence[str]
) -> dict[int, dict[str, Any]]:
    rows = (row for at, ids in first.items() for row in _as_of(tryton, ids, names, at))
    return {row["id"]: row for row in rows}


def _as_of(tryton: Tryton, ids: list[int], names: Sequence[str], at: str) -> Rows:
    """Opportunities as they stood then."""
    found: Rows = tryton.call(f"{LEAD}.read", ids, list(names), _datetime=instant_of(at))
    return found
