"""Jobs on an uploaded file: score its leads, or import leads, activities or outcomes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from features.errors import InputRefused, shorten
from features.fields import Fields
from serving.bulk import Answered, answer_leads
from serving.importing import NewLead, put_activities, put_leads, put_outcomes
from serving.incoming import ID_ALLOWED, Checked, activity_rows, is_id, outcome_rows
from serving.jobs.rows import Broken, as_event, as_lead, rows_of, with_text_ids
from serving.jobs.work import House, Job, Kept, ResultFile
from serving.lead_body import lead_of
from serving.problems import Trouble, as_json, pointer, wrong
from serving.record import Record

BATCH = 500
_SHOWN = 8
"""Columns that are named to who has none with the id."""


class FileWork:
    """A job that goes through a file, a batch of rows a transaction."""

    def __init__(self, job: Job, house: House) -> None:
        self.job, self.house = job, house
        self._row = int(job.place.get("row", 0))
        self._at = int(job.place.get("result", 0))
        self._rows = itertools.islice(rows_of(job.uploaded()), self._row, None)
        self._batch: list[Any] = []
        self._end: InputRefused | None = None
        self._result = ResultFile(job.folder, self._at)

    def total(self) -> int | None:
        """Not known before the end."""
        return None

    def read(self) -> bool:
        """The next rows of the file; those before a place where it cannot be read are a batch too.

        Raises:
            InputRefused: at that place.
        """
        self._row += len(self._batch)
        self._at = self._result.size
        self._batch = []
        if self._end is not None:
            raise self._end
        try:
            for row in itertools.islice(self._rows, BATCH):
                self._batch.append(row)
        except InputRefused as refusal:
            self._end = refusal
            if not self._batch:
                raise
        return bool(self._batch)

    def keep(self, record: Record) -> Kept:
        """Take the rows; the result's part is on the disk before the transaction ends."""
        told = self.take(record, self._batch, self._row + 1)
        size = self._result.write(told.text, self._at)
        done = len(self._batch) - told.refused
        place = {"row": self._row + len(self._batch), "result": size}
        return Kept(done, told.refused, place)

    def take(self, record: Record, rows: Sequence[Any], first: int) -> Answered:
        """Do what the job is about with rows, of which the first has this number, from 1."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the result."""
        self._result.close()


class ScoreWork(FileWork):
    """Score the leads of a file; nothing is stored but the answers, line by line."""

    def take(self, record: Record, rows: Sequence[Any], first: int) -> Answered:
        """Answer each row in its place."""
        known = record.book.scorer.fields
        told = [(first + i, _to_score(row, known)) for i, row in enumerate(rows)]
        in_full = self.job.asked.get("detail") != "brief"
        return answer_leads(
            record.book.scorer, told, record.now, self.house.max_activities, in_full=in_full
        )


class ImportWork(FileWork):
    """Write what a file tells into the record; the result names every row that was refused."""

    def take(self, record: Record, rows: Sequence[Any], first: int) -> Answered:
        """Write the good rows, tell the others."""
        took = {"leads": _leads, "activities": _activities, "outcomes": _outcomes}
        refused = took[self.job.asked.get("of", "leads")](record, rows)
        told = [{"row": first + i, "errors": errors} for i, errors in sorted(refused.items())]
        text = b"".join(msgspec.json.encode(one) + b"\n" for one in told)
        return Answered(text, (), len(refused))


Refusals = dict[int, list[dict[str, str]]]
"""Place in the batch -> what is wrong with the row."""
_ERASED = "Its person was erased at their request, so nothing is taken of them."


def _to_score(row: Any, known: Fields) -> Any:
    """A row as a line of `POST /v1/score/bulk`."""
    if isinstance(row, Broken):
        return wrong("", "a row", row.why, "a lead")
    if not isinstance(row, dict):
        return row
    if _framed(row):
        return row | {"lead": with_text_ids(row["lead"], known)}
    return {"lead": as_lead(row, known)}


def _leads(record: Record, rows: Sequence[Any]) -> Refusals:
    refused: Refusals = {}
    leads: list[NewLead] = []
    places: list[int] = []
    for i, row in enumerate(rows):
        try:
            leads.append(_lead(record, row))
            places.append(i)
        except Trouble as trouble:
            problems = trouble.errors or [wrong("", "a row", trouble.detail, "a lead")]
            refused[i] = [as_json(p) for p in problems]
    for i, lead, how in zip(places, leads, put_leads(record, leads), strict=True):
        if how == "erased":
            refused[i] = [as_json(wrong("/lead_id", lead.id, _ERASED, ""))]
    return refused


def _lead(record: Record, row: Any) -> NewLead:
    scorer = record.book.scorer
    if not isinstance(row, dict):
        why = row.why if isinstance(row, Broken) else "An object was expected."
        raise Trouble("input-refused", why)
    fields = scorer.fields
    if _framed(row):
        row = row | {"lead": with_text_ids(row["lead"], fields)}
    else:
        flat = dict(row)
        owner = flat.pop("owner", None) or None
        row = {"lead": as_lead(flat, fields), "owner": owner}
    name = _id_of(row["lead"], fields)
    told = lead_of(scorer, name, row)
    return NewLead(name, told.fields, told.owner)


def _id_of(lead: dict[str, Any], fields: Fields) -> str:
    """A lead's id.

    Raises:
        Trouble: when it has none.
    """
    name = lead.get(fields.lead)
    if name is None:
        column = next(f.column for f in fields.fields if f.name == fields.lead)
        there = ", ".join(shorten(key) for key in itertools.islice(lead, _SHOWN)) or "nothing"
        raise Trouble(
            "input-refused", f"A lead needs an id under {column}. This row holds {there}."
        )
    if not is_id(name):
        problem = wrong(pointer("lead", fields.lead), name, "This is no id.", ID_ALLOWED)
        raise Trouble("input-refused", "This is no id.", (problem,))
    return str(name)


def _framed(row: Any) -> bool:
    """Whether a row is `{"lead": {...}}` rather than a lead's columns."""
    return isinstance(row, dict) and isinstance(row.get("lead"), dict)


def _activities(record: Record, rows: Sequence[Any]) -> Refusals:
    return _events(rows, lambda told: activity_rows(told, "", record.now), record, put_activities)


def _outcomes(record: Record, rows: Sequence[Any]) -> Refusals:
    return _events(rows, lambda told: outcome_rows(told, "", record.now), record, put_outcomes)


def _events(
    rows: Sequence[Any],
    check: Callable[[Sequence[Any]], list[Checked]],
    record: Record,
    put: Callable[[Record, Sequence[dict[str, Any]]], list[str]],
) -> Refusals:
    told = [as_event(row) if isinstance(row, dict) else None for row in rows]
    checked = check(told)
    refused = {i: [as_json(p) for p in c.problems] for i, c in enumerate(checked) if c.problems}
    good = [(i, c.row) for i, c in enumerate(checked) if c.row is not None]
    conflict = "Another event with this id and other content is stored; that one stays."
    why = {"erased": _ERASED, "conflict": conflict}
    for (i, row), how in zip(good, put(record, [row for _, row in good]), strict=True):
        if how in why:
            refused[i] = [as_json(wrong("/event_id", row["event_id"], why[how], ""))]
    return refused
