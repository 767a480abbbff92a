"""Scores in the form that a CRM's import takes: its own ids, the columns that its mapping names.

Each column is named in the mapping's file, so a CRM whose fields are called otherwise needs no
code. A text that a spreadsheet would run is made inert, as a person may open the file on its way.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from sqlalchemy import Connection, Row

from features.cells import make_inert
from serving.canonical import read
from serving.mappings.document import Export, Mapping
from serving.storage.base import from_number
from serving.storage.leads import Filter, LeadStore
from serving.storage.worklist import Worklist
from serving.top_reasons import in_one_cell

_AT_ONCE = 500
_REASONS = 3
_CELL = 255
"""Characters of the reasons: what Salesforce's plain text field holds, the shortest of the four."""


@dataclass
class Written:
    """What became of the leads on record.

    Attributes:
        leads: rows written.
        unscored: left out, because their persons do not want a score.
        foreign: left out, because they came from another CRM.
    """

    leads: int = 0
    unscored: int = 0
    foreign: int = 0


def write_scores(
    connection: Connection, mapping: Mapping, others: tuple[Mapping, ...], file: IO[str]
) -> Written:
    """Write a header and a row for every scored lead that this CRM knows, in the order they came.

    A lead that a mapping took carries the CRM's id behind a prefix; one that was written under the
    CRM's own id is taken as it is.

    Args:
        connection: reads one moment's state.
        mapping: with an `export`.
        others: of other CRMs: leads with one of their prefixes are not this CRM's.
    """
    form = mapping.export
    assert form is not None
    own = mapping.prefix_of(form.of)
    prefixes = _prefixes(mapping, *others)
    writer, done = csv.writer(file), Written()
    writer.writerow([column.name for column in form.columns])
    for rows in _pages(LeadStore(connection)):
        theirs = [r for r in rows if _prefix_of(r.id, prefixes) in (own, "")]
        scored = [r for r in theirs if r.scoring_allowed]
        answers = Worklist(connection).answers(r.score_seq for r in scored)
        for row in scored:
            told = _told(row, read(answers[row.score_seq]), own)
            writer.writerow([make_inert(cell) for cell in _cells(form, told)])
        done.leads += len(scored)
        done.unscored += len(theirs) - len(scored)
        done.foreign += len(rows) - len(theirs)
    return done


def _prefixes(*mappings: Mapping) -> set[str]:
    found = {m.prefix_of(name) for m in mappings for name in m.records}
    return found - {""}


def _prefix_of(lead_id: str, prefixes: set[str]) -> str:
    """The longest prefix that an id begins with; "" for none."""
    return max((p for p in prefixes if lead_id.startswith(p)), key=len, default="")


def _pages(store: LeadStore) -> Iterator[list[Row[Any]]]:
    rows = store.page(Filter(), 0, _AT_ONCE)
    while rows:
        yield rows
        rows = store.page(Filter(), rows[-1].seq, _AT_ONCE)


def _told(row: Row[Any], answer: dict[str, Any], prefix: str) -> dict[str, Any]:
    """What there is to tell of a lead, by the names that a mapping's columns use."""
    worth = answer.get("value") or {"expected": "", "currency": ""}
    return {
        "id": row.id.removeprefix(prefix),
        "score": row.score,
        "agreed score": row.agreed_score,
        "grade": row.grade,
        "likelihood": round(row.likelihood, 4),
        "hand-over": "true" if answer["handed_over"] else "false",
        "reasons": in_one_cell(answer["reasons"], _REASONS, _CELL),
        "scored at": f"{from_number(row.changed_at).astype('datetime64[s]')}Z",
        "rulebook": answer["versions"]["rulebook"],
        "model": answer["versions"]["model"],
        "expected value": worth["expected"],
        "currency": worth["currency"],
        "empty": "",
    }


def _cells(form: Export, told: dict[str, Any]) -> list[Any]:
    return [told[column.holds] for column in form.columns]
