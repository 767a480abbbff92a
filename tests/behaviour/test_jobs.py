"""Jobs, on both databases: a file goes in, progress and a result come out, and nothing that ends a
process matters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.workspace import Workspace
from serving.access.caller import Conflict
from serving.api import jobs as routes
from serving.jobs.files import ScoreWork
from serving.jobs.running import ATTEMPTS, KINDS, work_on
from serving.jobs.watching import remove_files, remove_old
from serving.storage.database import Database, StoreUnreachable
from serving.storage.leases import Lease, LeaseLost
from serving.storage.tables import activities, leads
from serving.verifying import verify
from tests.support.filled import sample_activities, sample_leads
from tests.support.office import CSV, NDJSON, Office, as_csv, as_lines, opened
from tests.support.service import NOW, make_client, make_worker


@pytest.fixture
def office(trained: Workspace, tmp_path: Path, database: Database) -> Iterator[Office]:
    """On both databases."""
    with opened(trained, tmp_path, database) as office:
        yield office


def test_an_import_killed_between_batches_goes_on_and_takes_every_row_once(
    office: Office, trained: Workspace
):
    told = sample_leads(trained, 1250)
    job = office.queue("import", as_csv(told), CSV, of="leads")
    office.work("import", batches=1)
    assert office.job(job)["state"] == "running"
    assert office.count(leads) == office.job(job)["done"] == 500
    office.work("import")
    done = office.job(job)
    assert (done["state"], done["done"], done["refused"]) == ("done", 1250, 0)
    assert office.count(leads) == 1250
    by_row = office.client.get(f"/v1/jobs/{job['id']}/log").json()["lines"]
    assert [line["says"] for line in by_row][:2] == [
        "Begins.",
        "Goes on after the process before ended.",
    ]


def test_imported_leads_are_what_written_ones_are(office: Office, trained: Workspace):
    told = sample_leads(trained, 60)
    did = sample_activities(told, 3, NOW)
    office.queue("import", as_lines(did), NDJSON, of="activities")
    office.work("import")
    office.queue("import", as_lines([{"lead": t, "owner": "kim"} for t in told]), NDJSON)
    office.work("import")
    office.queue("rescore")
    office.work("rescore")
    sound = verify(
        office.worker.database, office.worker.scorer, lambda _: office.worker.scorer, NOW
    )
    assert (sound.leads, sound.waiting, sound.faults) == (60, 0, ())
    other = make_worker(trained)
    with make_client(other) as client:
        for lead in told:
            fields = {k: v for k, v in lead.items() if k != "lead_id"}
            client.put(f"/v1/leads/{lead['lead_id']}", json={"lead": fields, "owner": "kim"})
        client.post("/v1/activities", json={"activities": did})
        for lead in told[:10]:
            written = client.get(f"/v1/leads/{lead['lead_id']}").json()
            imported = office.client.get(f"/v1/leads/{lead['lead_id']}").json()
            assert imported["fields"] == written["fields"]
            assert imported["owner"] == written["owner"]
            assert imported["score"]["score_exact"] == written["score"]["score_exact"]


def test_activities_again_are_stored_once_and_bad_rows_are_told_with_their_place(office: Office):
    good = {"event_id": "e1", "lead_id": "L1", "occurred_at": "2026-08-30T10:00:00Z"}
    rows = [good, good | {"event_id": "e2"}, {"lead_id": "L1"}, good, good | {"kind": "other one"}]
    job = office.queue("import", as_lines(rows) + b"{\n", NDJSON, of="activities")
    office.work("import")
    done = office.job(job)
    assert (done["state"], done["done"], done["refused"]) == ("done", 3, 3)
    assert office.count(activities) == 2
    assert [told["row"] for told in office.result(job)] == [3, 5, 6]
    again = office.queue("import", as_lines(rows[:2]), NDJSON, of="activities")
    office.work("import")
    assert office.job(again)["done"] == 2
    assert office.count(activities) == 2


def test_scores_of_a_killed_job_are_each_told_once_and_in_order(office: Office, trained: Workspace):
    told = sample_leads(trained, 1100)
    job = office.queue("score", as_lines(told), NDJSON, detail="brief")
    office.work("score", batches=1)
    # A batch whose transaction was not kept may have reached the file.
    file = office.house.workspace.home / "jobs" / job["id"] / "result.ndjson"
    file.write_bytes(file.read_bytes() + b'{"half": ')
    office.work("score")
    assert [row["lead_id"] for row in office.result(job)] == [lead["lead_id"] for lead in told]
    assert office.count(leads) == 0


def test_parquet_is_read_like_lines(office: Office, trained: Workspace, tmp_path: Path):
    import pyarrow
    import pyarrow.parquet

    told = sample_leads(trained, 30)
    table = pyarrow.Table.from_pylist([{k: t.get(k) for k in told[0] | told[1]} for t in told])
    pyarrow.parquet.write_table(table, tmp_path / "leads.parquet")
    body = (tmp_path / "leads.parquet").read_bytes()
    office.queue("import", body, "application/vnd.apache.parquet")
    office.work("import")
    assert office.count(leads) == 30
    broken = office.queue("import", b"PAR1 is not enough", "application/vnd.apache.parquet")
    office.work("import")
    assert office.job(broken)["state"] == "failed"
    assert "Parquet" in office.job(broken)["error"]


def test_a_job_is_stopped_and_goes_on(office: Office, trained: Workspace):
    told = sample_leads(trained, 1100)
    job = office.queue("import", as_lines(told), NDJSON)
    office.work("import", batches=1)
    address = f"/v1/jobs/{job['id']}"
    assert office.client.post(f"{address}/retry").status_code == 409
    assert office.client.post(f"{address}/cancel").json()["cancelling"] is True
    office.work("import")
    assert office.job(job)["state"] == "cancelled"
    assert office.count(leads) == 500
    assert office.client.post(f"{address}/cancel").status_code == 409
    assert office.client.post(f"{address}/retry").json()["state"] == "queued"
    office.work("import")
    assert (office.job(job)["state"], office.count(leads)) == ("done", 1100)


def test_a_waiting_job_is_stopped_at_once(office: Office):
    job = office.queue("rescore")
    assert office.client.post(f"/v1/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
    office.work("rescore")
    assert office.job(job)["state"] == "cancelled"


def test_only_one_process_works_on_a_kind_and_one_that_was_paused_keeps_nothing(
    office: Office, trained: Workspace
):
    office.queue("import", as_lines(sample_leads(trained, 1100)), NDJSON)
    database, mine, theirs = office.worker.database, Lease("job import"), Lease("job import")
    assert mine.take(database, office.now)
    steps = work_on(office.house, mine, "import")
    next(steps)
    assert not theirs.take(database, office.now)
    office.now = office.now + np.timedelta64(60, "s")
    assert theirs.take(database, office.now)
    with pytest.raises(LeaseLost):
        next(steps)
    assert office.count(leads) == 500


class Deadly(ScoreWork):
    """Ends its process whenever it reads."""

    def read(self) -> bool:
        raise SystemExit(9)


def test_a_job_that_ends_its_process_each_time_is_given_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(KINDS, "score", Deadly)
    job = office.queue("score", as_lines([{"lead_id": "L1"}]), NDJSON)
    for _ in range(ATTEMPTS):
        with pytest.raises(SystemExit):
            office.work("score", batches=1)
        office.now = office.now + np.timedelta64(60, "s")
        assert office.job(job)["state"] == "running"
    office.work("score")
    assert office.job(job)["state"] == "failed"


def test_what_needs_a_file_is_refused_without_one_and_leaves_nothing(office: Office):
    ask, home = office.client.post, office.house.workspace.home / "jobs"
    before = set(home.glob("*"))
    assert ask("/v1/jobs?kind=import").status_code == 415
    empty = ask("/v1/jobs?kind=import", content=b"", headers={"content-type": CSV})
    assert empty.status_code == 422
    assert ask("/v1/jobs?kind=dance").status_code == 422
    assert set(home.glob("*")) == before
    assert office.client.get("/v1/jobs").json()["jobs"] == []


def test_a_job_that_is_not_there_is_said_to_be_not_there(office: Office):
    for path in ("", "/log", "/result"):
        assert office.client.get(f"/v1/jobs/{'0' * 16}{path}").status_code == 404


def test_files_of_jobs_go_after_their_days(office: Office):
    job = office.queue("score", as_lines([{"lead_id": "L1"}]), NDJSON)
    office.work("score")
    assert remove_files(office.house, 7) == 0
    office.now = office.now + np.timedelta64(8, "D")
    assert remove_files(office.house, 7) == 1
    assert office.client.get(f"/v1/jobs/{job['id']}/result").status_code == 404
    assert office.job(job)["has_result"] is False


def test_a_file_of_which_no_job_comes_goes_unless_the_job_may_be_there(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    home = office.house.workspace.home / "jobs"
    before = set(home.glob("*"))
    headers = {"content-type": NDJSON}
    with monkeypatch.context() as broken:
        broken.setattr(routes, "add_job", refusing)
        told = office.client.post("/v1/jobs?kind=score", content=b"{}\n", headers=headers)
    assert told.status_code == 409
    assert set(home.glob("*")) == before
    # The commit came through, and the connection broke before it could say so.
    monkeypatch.setattr(routes, "do_once", broken_after(routes.do_once))
    told = office.client.post("/v1/jobs?kind=score", content=b"{}\n", headers=headers)
    assert told.status_code == 503
    [job] = office.client.get("/v1/jobs").json()["jobs"]
    assert {f.name for f in set(home.glob("*")) - before} == {job["id"]}


def refusing(*_: Any) -> None:
    raise Conflict("Not now.")


def broken_after(do: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any) -> None:
        do(*given)
        cut_off = StoreUnreachable("Whether it was kept is not known.")
        cut_off.add_note("as the store tells it")
        raise cut_off

    return call


def test_what_was_uploaded_and_became_no_job_goes_after_a_day(office: Office):
    job = office.queue("score", as_lines([{"lead_id": "L1"}]), NDJSON)
    home = office.house.workspace.home / "jobs"
    (home / "train.lock").touch()
    noon = office.now.astype("datetime64[s]").astype(int)
    for name, hours in (("a" * 16, 25), ("b" * 16, 23), (job["id"], 48), ("notes", 48)):
        (home / name).mkdir(exist_ok=True)
        (home / name / "input.csv").touch()
        for path in (home / name / "input.csv", home / name):
            os.utime(path, (noon - hours * 3600,) * 2)
    # Its first part came long ago, its last one a moment ago.
    (home / ("c" * 16)).mkdir()
    (home / ("c" * 16) / "input.csv").touch()
    os.utime(home / ("c" * 16), (noon - 48 * 3600,) * 2)
    assert remove_old(office.house, 7) == 1
    left = {path.name for path in home.glob("*")}
    assert {"b" * 16, "c" * 16, job["id"], "notes", "train.lock"} <= left
    assert "a" * 16 not in left


def test_a_replay_is_a_process_of_its_own_and_a_broken_rulebook_fails_with_why(office: Office):
    rulebook = (office.house.workspace.folder / "rulebook.yaml").read_bytes()
    job = office.queue("replay", rulebook, "application/yaml")
    office.work("replay")
    done = office.job(job)
    assert done["state"] == "done", done
    assert office.client.get(f"/v1/jobs/{job['id']}/result").json()["proposal"]
    bad = office.queue("replay", b"edition: [", "application/yaml")
    office.work("replay")
    assert office.job(bad)["state"] == "failed"
    assert "exit code" in office.job(bad)["error"]
