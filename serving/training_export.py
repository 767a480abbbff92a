"""From the store back to training: what `leadpact train` reads, of those who are willing to teach.

Fields stand as they were known when leads are first looked at, never as they became later; of an
address only the kind of its mailbox. JSON lines, because texts then come back as they were stored.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import Connection, Row

from features.columns import readable
from features.contact import kind_only
from features.fields import Field, Fields
from features.rulebook.conditions import Fact, walk
from features.rulebook.document import Rulebook
from features.stages import FINAL, has_ended, is_excluded
from features.values import is_missing, parse_instant
from serving.canonical import read
from serving.storage.base import from_number, to_number
from serving.storage.privacy import HistoryStore
from serving.storage.tables import activities, outcomes

FILES = ("leads.ndjson", "activities.ndjson", "outcomes.ndjson")
"""What a copy consists of."""
_AT_ONCE = 500
_DAY = 86_400_000_000
"""Microseconds."""
_FINAL = ("won", "lost", "returned")


@dataclass
class Exported:
    """What was written, and what was left out.

    Attributes:
        leads, activities, outcomes: rows.
        opted_out: leads left out because their persons do not want to teach, or to be scored.
        late: leads whose fields first came after they are looked at; they stand as they came.
    """

    leads: int = 0
    activities: int = 0
    outcomes: int = 0
    opted_out: int = 0
    late: int = 0


def export_history(
    connection: Connection, fields: Fields, rulebook: Rulebook, folder: Path
) -> Exported:
    """Write the history of every lead that may teach; the files appear whole or not at all.

    Where leads carry no instant at which they are looked at, a column tells how they ended, as the
    fields file says, and the file of outcomes is empty.

    Args:
        connection: reads one moment's state.
        fields, rulebook: the workspace's; the rulebook says whether a domain is needed.
        folder: where `FILES` are written, in place of earlier ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done, store = Exported(), HistoryStore(connection)
    writer = _Rows(fields, _needs_domain(rulebook, fields))
    ends = _ends(store, fields)
    paths = [folder / name for name in FILES]
    with _whole(paths) as (leads, did, became):
        first: dict[str, str] = {}
        for piece in store.leads(_AT_ONCE):
            for row, versions, hashes in piece:
                if not (row.training_allowed and row.scoring_allowed):
                    done.opted_out += 1
                    continue
                told, late = writer.lead(row, versions)
                _mark_person(told, fields, row.id, hashes, first)
                _mark_end(told, fields, ends.get(row.id))
                leads.write(msgspec.json.encode(told) + b"\n")
                done.leads += 1
                done.late += late
        done.activities = _write(did, map(_activity, store.events(activities)))
        ended = store.events(outcomes) if _has_dates(fields) else iter(())
        done.outcomes = _write(became, map(_outcome, ended))
    return done


@contextmanager
def _whole(paths: list[Path]) -> Iterator[list[IO[bytes]]]:
    """Files that are put in place together when all are written."""
    halves = [path.with_name(f".{path.name}.{os.getpid()}.half") for path in paths]
    files: list[IO[bytes]] = [half.open("wb") for half in halves]
    try:
        yield files
        for file, half, path in zip(files, halves, paths, strict=True):
            file.close()
            half.replace(path)
    finally:
        for file, half in zip(files, halves, strict=True):
            file.close()
            half.unlink(missing_ok=True)


def _write(file: IO[bytes], rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    for row in rows:
        file.write(msgspec.json.encode(row) + b"\n")
        count += 1
    if not count:
        file.write(b"\n")  # a file of no bytes looks like a copy that failed
    return count


def _has_dates(fields: Fields) -> bool:
    """Whether an outcome's time says anything of a lead: without, a column tells its end."""
    return fields.timing.as_of is not None or fields.outcome.field is None


class _Rows:
    """A lead's row as its fields file says, with what was known when it is first looked at."""

    def __init__(self, fields: Fields, needs_domain: set[str]) -> None:
        self._fields = fields
        self._readable = readable(fields)
        self._needs_domain = needs_domain
        days = min(fields.timing.snapshot_ages_days, default=0.0)
        self._age = round(days * _DAY)

    def lead(self, row: Row[Any], versions: list[Row[Any]]) -> tuple[dict[str, Any], bool]:
        """The row by the file's own column names, and whether its fields came too late."""
        known = read(versions[0].fields)
        at = self._came(known, row)
        seen_at = at + self._age
        early = [v for v in versions if v.received_at <= seen_at]
        if early:
            known = read(early[-1].fields)
        told = {f.column: self._cell(f, known.get(f.name)) for f in self._readable}
        told[self._fields[self._fields.lead].column] = row.id
        name = self._fields.timing.as_of
        if name is not None:
            told[self._fields[name].column] = _instant(self._fields[name], at)
        return told, not early

    def _came(self, known: dict[str, Any], row: Row[Any]) -> int:
        name = self._fields.timing.as_of
        value = known.get(name) if name else None
        try:
            return to_number(parse_instant(value)) if isinstance(value, str) else row.created_at
        except (ValueError, OverflowError):
            return int(row.created_at)  # a marker that means "not given"

    def _cell(self, field: Field, value: Any) -> Any:
        if field.format == "email" and isinstance(value, str):
            as_it_is = field.name in self._needs_domain or is_missing(field, value)
            return value if as_it_is else kind_only(value)
        if field.type == "instant" and field.format and isinstance(value, str):
            try:
                return _instant(field, to_number(parse_instant(value)))
            except (ValueError, OverflowError):
                return value
        return value


def _instant(field: Field, at: int) -> str:
    """An instant as the file's own format has it."""
    told = from_number(at)
    plain = told.astype(datetime)
    # Of a year that datetime does not know there is no such text; training names the row.
    known = field.format and isinstance(plain, datetime)
    return plain.strftime(field.format) if known else f"{told}Z"


def _needs_domain(rulebook: Rulebook, fields: Fields) -> set[str]:
    """The e-mail fields whose text a rule looks at, so that their domain must be there."""
    asked = {
        leaf.field
        for when in rulebook.conditions
        for leaf in walk(when)
        if isinstance(leaf, Fact) and leaf.missing is None
    }
    return {f.name for f in readable(fields) if f.format == "email" and f.name in asked}


def _mark_person(
    told: dict[str, Any], fields: Fields, lead_id: str, hashes: list[str], first: dict[str, str]
) -> None:
    """Name the person of a lead by the first lead that carried one of its addresses."""
    if fields.repeat_of is None:
        return
    known = next((first[h] for h in hashes if h in first), lead_id)
    for email_sha256 in hashes:
        first.setdefault(email_sha256, known)
    told[fields[fields.repeat_of].column] = known


def _ends(store: HistoryStore, fields: Fields) -> dict[str, str]:
    """The last final stage of each lead, where a column has to tell it; none of those that were
    opened again since, and of those that turned out to be no leads."""
    if _has_dates(fields):
        return {}
    told: dict[str, list[str]] = defaultdict(list)
    for row in sorted(store.events(outcomes), key=lambda r: (r.at, r.stage in FINAL, r.event_id)):
        told[row.lead_id].append(row.stage)
    return {
        lead_id: final[-1]
        for lead_id, stages in told.items()
        if has_ended(stages) and not is_excluded(stages)
        if (final := [stage for stage in stages if stage in _FINAL])
    }


def _mark_end(told: dict[str, Any], fields: Fields, stage: str | None) -> None:
    if _has_dates(fields) or fields.outcome.field is None:
        return
    field = fields[fields.outcome.field]
    lost = {"number": "0", "boolean": "no"}.get(field.type, "lost")
    ended = fields.outcome.converted[0] if stage == "won" else lost
    told[field.column] = None if stage is None else ended


def _activity(row: Row[Any]) -> dict[str, Any]:
    return {
        "lead_id": row.lead_id,
        "account_id": row.account_id or row.lead_account_id,
        "occurred_at": f"{from_number(row.occurred_at)}Z",
        "recorded_at": None if row.recorded_at is None else f"{from_number(row.recorded_at)}Z",
        "channel": row.channel,
        "kind": row.kind,
        "team": row.team,
        "value": row.value,
    }


def _outcome(row: Row[Any]) -> dict[str, Any]:
    return {
        "lead_id": row.lead_id,
        "at": f"{from_number(row.at)}Z",
        "stage": row.stage,
        "amount": row.amount,
        "reason": row.reason,
    }
