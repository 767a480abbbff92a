"""`leadpact export --for CRM`: its columns, its own ids, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from models.scorer import Scorer
from models.workspace import Workspace
from serving.privacy.consent import set_consent
from serving.record import Record
from serving.storage.database import Database
from serving.storage.leads import LeadStore
from serving.storage.migrate import migrate
from serving.top_reasons import in_one_cell, top_reasons
from serving.wishes import Wish
from tests.support.cli import Ran, run
from tests.support.filled import sample_leads
from tests.support.service import NOW

HEADERS = {
    "hubspot": "Record ID,Leadpact score,Leadpact agreed score,Leadpact grade,"
    "Leadpact likelihood,Leadpact hand-over,Leadpact reasons,Leadpact scored at",
    "salesforce": "Id,Leadpact_Score__c,Leadpact_Agreed_Score__c,Leadpact_Grade__c,"
    "Leadpact_Likelihood__c,Leadpact_Hand_Over__c,Leadpact_Reasons__c,Leadpact_Scored_At__c",
    "dynamics": "(Do Not Modify) Lead,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,"
    "Leadpact Score,Leadpact Agreed Score,Leadpact Grade,Leadpact Likelihood,Leadpact Hand-over,"
    "Leadpact Reasons,Leadpact Scored At",
    "odoo": ".id,x_leadpact_score,x_leadpact_agreed_score,x_leadpact_grade,"
    "x_leadpact_likelihood,x_leadpact_hand_over,x_leadpact_reasons,x_leadpact_scored_at",
}
PREFIXES = {
    "hubspot": "hubspot-", "salesforce": "salesforce-", "dynamics": "dynamics-", "odoo": "odoo-",
}  # fmt: skip
HOSTILE = "=cmd|'/c calc'!A1"


@pytest.fixture(scope="module")
def store(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A lead of every CRM, one with an id of nobody's, a hostile one, and one without a score."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db"
    database = Database(url)
    migrate(database)
    ids = [f"{prefix}42" for prefix in PREFIXES.values()]
    ids += ["L-1", HOSTILE, *(f"{prefix}silent" for prefix in PREFIXES.values())]
    with database.transaction() as connection:
        record = Record(connection, Scorer.load(trained.champion()), NOW)
        for lead_id, lead in zip(ids, sample_leads(trained, len(ids)), strict=True):
            told = lead | {"lead_id": lead_id, "job_title": HOSTILE}
            record.put_lead(lead_id, told, None)
        for prefix in PREFIXES.values():
            set_consent(record, f"{prefix}silent", Wish(scoring=False), "test")
    database.close()
    return url


def export(trained: Workspace, store: str, crm: str, *more: object) -> Ran:
    return run("export", "--for", crm, "-w", trained.folder, "--database-url", store, *more)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("crm", HEADERS)
def test_the_header_is_what_the_crm_s_import_takes(trained: Workspace, store: str, crm: str):
    assert export(trained, store, crm).out.splitlines()[0] == HEADERS[crm]


@pytest.mark.parametrize("crm", HEADERS)
def test_leads_carry_the_crm_s_own_id_and_those_of_other_crms_are_left_out(
    trained: Workspace, store: str, crm: str
):
    ran = export(trained, store, crm)
    key = HEADERS[crm].partition(",")[0]
    assert [row[key] for row in rows(ran.out)] == ["42", "L-1", f"'{HOSTILE}"]
    assert "3 leads are written" in ran.err
    assert "1 are left out: their persons want no score" in ran.err
    assert "6 are left out: they came from another CRM" in ran.err


@pytest.mark.parametrize("crm", HEADERS)
def test_no_cell_begins_as_a_formula_does(trained: Workspace, store: str, crm: str):
    for row in rows(export(trained, store, crm).out):
        assert not [cell for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_cells_are_what_is_on_record(trained: Workspace, store: str):
    database = Database(store)
    with database.reading() as connection:
        stored = LeadStore(connection).find("hubspot-42")
    database.close()
    assert stored is not None
    row = rows(export(trained, store, "hubspot").out)[0]
    assert row["Leadpact score"] == str(stored.score)
    assert row["Leadpact agreed score"] == str(stored.agreed_score)
    assert row["Leadpact grade"] == stored.grade
    assert float(row["Leadpact likelihood"]) == pytest.approx(stored.likelihood, abs=1e-4)
    assert row["Leadpact scored at"] == "2026-09-01T12:00:00Z"
    assert row["Leadpact reasons"].count("; ") <= 2
    assert 0 < len(row["Leadpact reasons"]) <= 255


def test_an_empty_store_gives_a_header_and_says_so(trained: Workspace, tmp_path: Path):
    url = f"sqlite:///{tmp_path}/store.db"
    database = Database(url)
    migrate(database)
    database.close()
    ran = export(trained, url, "odoo")
    assert (ran.code, ran.out.splitlines()) == (0, [HEADERS["odoo"]])
    assert "a header alone" in ran.err


def test_a_file_appears_whole_in_utf8(trained: Workspace, store: str, tmp_path: Path):
    ran = export(trained, store, "salesforce", "--out", tmp_path / "scores.csv")
    assert (ran.code, ran.out) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]
    told = (tmp_path / "scores.csv").read_text(encoding="utf-8")
    assert [row["Id"] for row in rows(told)] == ["42", "L-1", f"'{HOSTILE}"]


def test_a_folder_that_is_not_there_is_named_and_a_crm_that_is_not_known_too(
    trained: Workspace, store: str, tmp_path: Path
):
    ran = export(trained, store, "odoo", "--out", tmp_path / "none" / "scores.csv")
    assert ran.code == 3
    assert "scores.csv cannot be written" in ran.err
    ran = export(trained, store, "sugar")
    assert ran.code == 3
    assert "'sugar'" in ran.err
    assert "dynamics, hubspot, odoo, salesforce" in ran.err


def reason(sentence: str, agreed: float, learned: float, kind: str = "criterion") -> dict[str, Any]:
    return {"sentence": sentence, "agreed": agreed, "learned": learned, "kind": kind}


def test_the_largest_parts_are_told_whatever_their_sign_and_cut_between_two():
    reasons = [
        reason("The base.", 30, 0, "base"),
        reason("Came to a webinar.", 8, -1.25),
        reason("Free mail.", -12, 0),
    ]
    assert [r.points for r in top_reasons(reasons, 3)] == [-12, 8, -1.25]
    whole = in_one_cell(reasons, 3, 255)
    assert whole.startswith("Free mail (\N{MINUS SIGN}12 agreed); Came to a webinar (+8 agreed); ")
    assert in_one_cell(reasons, 3, 60) == "; ".join(whole.split("; ")[:2])
    assert in_one_cell(reasons, 3, 10) == "Free ma..."
    assert in_one_cell([], 3, 10) == ""
