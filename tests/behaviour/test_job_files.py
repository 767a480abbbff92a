"""What files of all kinds come to as jobs: rows before a broken one are taken, a number is an id as
it is for the command line, and a semicolon separates as a comma does."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from sqlalchemy import select

from models.workspace import Workspace
from serving.storage.tables import activities, leads, outcomes
from tests.support.databases import empty_database
from tests.support.office import CSV, NDJSON, PARQUET, Office, as_lines, opened

HEAD = b"lead_id,employees,industry\n"
GOOD = [b"L%d,5,logistics\n" % i for i in range(300)]


@pytest.fixture
def office(trained: Workspace, tmp_path: Path) -> Iterator[Office]:
    """On SQLite: what a file says does not hang on where it is written."""
    with (
        empty_database("sqlite", tmp_path, None) as database,
        opened(trained, tmp_path, database) as office,
    ):
        yield office


def imported(office: Office, body: bytes, media: str, of: str = "leads") -> dict[str, Any]:
    """The job that a file came to."""
    told = office.queue("import", body, media, of=of)
    office.work("import")
    return office.job(told)


def test_rows_before_one_that_cannot_be_read_are_taken(office: Office):
    after = [b"M%d,5,logistics\n" % i for i in range(300)]
    for i, (broken, why) in enumerate(
        [
            (b'B1,5,"log"istics\n', "expected after"),
            (b'B2,5,"logistics\n', "unexpected end of data"),
            (b"B3,5,g\xe9nie civil\n", "byte 0xE9 is no UTF-8"),
        ]
    ):
        good = [row.replace(b"L", b"L%d-" % i) for row in GOOD]
        done = imported(office, HEAD + b"".join([*good, broken, *after]), CSV)
        assert (done["state"], done["done"], done["refused"]) == ("failed", 300, 0)
        assert done["error"].startswith("Row 301 cannot be read")
        assert why in done["error"]
        assert office.count(leads) == 300 * (i + 1)
    first = imported(office, HEAD + b"B1,5,\xe9\n", CSV)
    assert (first["state"], first["done"]) == ("failed", 0)
    assert first["error"].startswith("Row 1 cannot be read")
    names = imported(office, b"lead_id,\xe9tat\nL1,5\n", CSV)
    assert names["error"].startswith("The first line, which names the columns, cannot be read")


def test_a_line_that_is_no_json_is_refused_and_those_after_it_are_taken(office: Office):
    lines = as_lines([{"lead_id": f"L{i}", "industry": "logistics"} for i in range(600)])
    half, rest = lines[: lines.index(b'{"lead_id": "L300"')], lines[lines.index(b'"L300"') - 12 :]
    broken = b'{"lead_id": "B1"\n{"lead_id": "B2", "industry": "g\xe9nie civil"}\n'
    told = office.queue("import", half + broken + rest, NDJSON)
    office.work("import")
    done = office.job(told)
    assert (done["state"], done["done"], done["refused"]) == ("done", 600, 2)
    assert [row["row"] for row in office.result(told)] == [301, 302]
    assert office.count(leads) == 600


def test_a_job_killed_before_the_broken_row_goes_on_up_to_it(office: Office):
    rows = [b"L%d,5,logistics\n" % i for i in range(700)]
    told = office.queue("import", HEAD + b"".join(rows) + b'B,5,"\n', CSV)
    office.work("import", batches=1)
    office.work("import")
    done = office.job(told)
    assert (done["state"], done["done"], office.count(leads)) == ("failed", 700, 700)
    assert "Row 701" in done["error"]


def test_a_number_is_an_id_in_every_kind_of_file(office: Office):
    lead = {"employees": 5, "industry": "logistics", "account_id": 99}
    lines = as_lines([{"lead_id": 4711} | lead, {"lead": {"lead_id": 4712} | lead}])
    assert imported(office, lines, NDJSON)["done"] == 2
    table = pyarrow.table({"lead_id": [4713, 4714], "account_id": [98.0, float("nan")]})
    assert imported(office, parquet(table), PARQUET)["done"] == 2
    at = "2026-08-30T10:00:00Z"
    did = as_lines([{"event_id": 1, "lead_id": 4711, "account_id": 99, "occurred_at": at}])
    assert imported(office, did, NDJSON, "activities")["done"] == 1
    ended = pyarrow.table({"event_id": [2], "lead_id": [4713], "at": [at], "stage": ["won"]})
    assert imported(office, parquet(ended), PARQUET, "outcomes")["done"] == 1
    with office.worker.database.reading() as connection:
        found = connection.execute(select(leads.c.id, leads.c.account_id).order_by(leads.c.id))
        accounts = {row.id: row.account_id for row in found}
        assert connection.execute(select(activities.c.lead_id)).scalars().all() == ["4711"]
        assert connection.execute(select(outcomes.c.lead_id)).scalars().all() == ["4713"]
    assert accounts == {"4711": "99", "4712": "99", "4713": "98", "4714": None}
    scored = office.queue("score", lines, NDJSON, detail="brief")
    office.work("score")
    assert [row["lead_id"] for row in office.result(scored)] == ["4711", "4712"]


def parquet(table: pyarrow.Table) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def test_a_table_separated_by_another_sign_is_read(office: Office):
    for sign in (";", "\t", "|"):
        out, name = io.StringIO(), f"L{ord(sign)}"
        writer = csv.writer(out, delimiter=sign)
        writer.writerows([("lead_id", "employees", "industry"), (name, 5, "pulp, paper")])
        assert imported(office, out.getvalue().encode(), CSV)["done"] == 1
        told = office.client.get(f"/v1/leads/{name}").json()
        assert told["fields"]["industry"] == "pulp, paper"


def test_who_names_no_column_with_the_id_is_told_which_there_are(office: Office):
    told = office.queue("import", b"number,employees\nL1,5\nL2,6\n", CSV)
    office.work("import")
    assert office.job(told)["refused"] == 2
    [first, _] = office.result(told)
    assert "lead_id" in first["errors"][0]["detail"]
    assert "'number', 'employees'" in first["errors"][0]["detail"]
    bad = office.queue("import", b"lead_id,employees\nL 1,5\n", CSV)
    office.work("import")
    [one] = office.result(bad)
    assert one["errors"][0]["pointer"] == "/lead/lead_id"
