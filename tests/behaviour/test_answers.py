"""The command line, asked by a user: score, explain, promote, pull, rulebook check."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import training.score_file
from features.rulebook.criteria import Criterion
from features.rulebook.document import read_rulebook
from features.timeline import no_activities
from models.scorer import Scorer
from models.workspace import Workspace
from tests.support.cli import run
from training.score_file import score_file
from training.tables import read_table

AS_OF = "2026-08-01T00:00:00Z"
LOUD = ("score", "likelihood", "grade", "agreed_score", "reasons")


@pytest.fixture(name="leads")
def _leads(trained: Workspace, tmp_path: Path) -> Path:
    """The newest 40 leads as a file of their own."""
    frame = pd.read_csv(trained.folder / "leads.csv", dtype=object).tail(40)
    frame.to_csv(tmp_path / "new.csv", index=False)
    return tmp_path / "new.csv"


@pytest.fixture(name="movable")
def _movable(trained: Workspace, tmp_path: Path) -> Path:
    """A copy of the trained workspace that a test may change."""
    shutil.copytree(trained.folder, tmp_path / trained.folder.name)
    return tmp_path / trained.folder.name


@pytest.mark.parametrize("into", ["csv", "parquet", "ndjson"])
@pytest.mark.parametrize("of", ["csv", "parquet", "ndjson"])
def test_every_format_in_and_out_gives_the_same_scores(
    trained: Workspace, leads: Path, tmp_path: Path, of: str, into: str
):
    source, out = tmp_path / f"in.{of}", tmp_path / f"out.{into}"
    frame = pd.read_csv(leads, dtype=object)
    if of == "csv":
        frame.to_csv(source, index=False)
    elif of == "parquet":
        frame.to_parquet(source)
    else:
        frame.to_json(source, orient="records", lines=True)
    ran = run("score", source, "-o", out, "-w", trained.folder, "--as-of", AS_OF)
    assert (ran.code, ran.err.strip()) == (0, ran.err.strip())
    told = read_table(out)
    assert set(LOUD) <= set(told.columns)
    assert told["lead_id"].tolist() == frame["lead_id"].tolist()
    assert [str(v).lower() for v in told["simulated"]] == ["true"] * 40
    reference = tmp_path / "reference.csv"
    run("score", leads, "-o", reference, "-w", trained.folder, "--as-of", AS_OF)
    again = read_table(reference)
    for column in ("score", "agreed_score", "likelihood"):
        a, b = told[column].astype(float), again[column].astype(float)
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)
    assert told["grade"].tolist() == again["grade"].tolist()
    assert told["reasons"].tolist() == again["reasons"].tolist()


def test_scores_carry_their_versions_and_lie_in_bounds(trained: Workspace, leads: Path):
    out = leads.with_name("o.parquet")
    ran = run("score", leads, "-o", out, "-w", trained.folder, "--as-of", AS_OF, "--json")
    assert ran.json["scored"] == 40
    assert ran.json["set_aside"] == 0
    told = pd.read_parquet(out)
    assert set(told["model"]) == {trained.champion().name}
    assert set(told["rulebook"]) == {trained.rulebook().edition}
    assert told["score"].between(0, 100).all()
    assert (told["likelihood_low"] <= told["likelihood"]).all()
    assert (told["likelihood"] <= told["likelihood_high"]).all()
    reaches = told["score"] >= trained.rulebook().hand_over_from
    assert (told["handed_over"] == reaches & (told["route"] == "")).all()


def test_rows_that_cannot_be_taken_are_set_aside_and_named(trained: Workspace, leads: Path):
    frame = pd.read_csv(leads, dtype=object)
    frame.loc[3, "employees"] = "=many"
    frame.loc[5, "budget_date_given"] = "perhaps"
    frame.to_csv(leads, index=False)
    out = leads.with_name("o.csv")
    ran = run("score", leads, "-o", out, "-w", trained.folder, "--as-of", AS_OF)
    assert ran.code == 1
    assert "2 rows set aside" in ran.err
    told = pd.read_csv(out)
    assert len(told) == 38
    assert frame.lead_id[3] not in set(told.lead_id)
    why = pd.read_csv(leads.with_name("o.csv.quarantine.csv"))
    assert list(zip(why.row, why.field, strict=True)) == [
        (4, "employees"),
        (6, "budget_date_given"),
    ]
    assert why.file.tolist() == ["new.csv"] * 2
    assert not why.got.str.startswith("=").any()
    assert why.reason.str.contains("Allowed|expected").all()


def test_a_first_chunk_without_a_good_row_still_gives_a_whole_file(
    trained: Workspace, leads: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training.score_file, "CHUNK", 10)
    frame = pd.read_csv(leads, dtype=object)
    frame.loc[:9, "employees"] = "none of your business"
    frame.to_csv(leads, index=False)
    for name in ("o.parquet", "o.ndjson", "o.csv"):
        out = leads.with_name(name)
        ran = run("score", leads, "-o", out, "-w", trained.folder, "--as-of", AS_OF)
        assert ran.code == 1
        told = read_table(out)
        assert told["lead_id"].tolist() == frame["lead_id"].tolist()[10:]
        rows = pd.read_csv(out.with_name(f"{name}.quarantine.csv")).row
        assert rows.tolist() == list(range(1, 11))


def test_a_file_without_ids_is_scored_by_row_over_all_chunks(
    trained: Workspace, leads: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training.score_file, "CHUNK", 15)
    pd.read_csv(leads, dtype=object).drop(columns="lead_id").to_csv(leads, index=False)
    out = leads.with_name("o.csv")
    assert run("score", leads, "-o", out, "-w", trained.folder, "--as-of", AS_OF).code == 0
    assert pd.read_csv(out).lead_id.tolist() == [f"#{i}" for i in range(1, 41)]


def test_memory_stays_flat_however_long_the_file(
    trained: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training.score_file, "CHUNK", 100)
    scorer = Scorer.load(trained.champion())
    frame = pd.read_csv(trained.folder / "leads.csv", dtype=object).drop(columns="lead_id")
    peaks = []
    for rows in (200, 1000):
        source = tmp_path / f"{rows}.csv"
        frame.head(rows).to_csv(source, index=False)
        tracemalloc.start()
        now = np.datetime64("2026-08-01", "us")
        done = score_file(scorer, source, tmp_path / f"{rows}.out.csv", no_activities(), now)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert done.scored == rows
    assert peaks[1] < 1.5 * peaks[0]


def test_a_lead_is_explained_by_its_id(trained: Workspace):
    ran = run("explain", "L-002990", "-w", trained.folder, "--as-of", AS_OF, "--json")
    (told,) = ran.json
    assert told["lead_id"] == "L-002990"
    assert told["simulated"] is True
    total = sum(line["points"] for line in told["reasons"] if line["kind"] != "limit")
    assert total == pytest.approx(told["score_exact"], abs=1e-6)
    assert {line["owner"] for line in told["reasons"]} <= {"marketing", "sales", "joint"}
    words = run("explain", "L-002990", "-w", trained.folder, "--as-of", AS_OF)
    assert words.code == 0
    assert "L-002990" in words.out
    assert "Every lead starts here" in words.out
    assert "simulated" in words.out


def test_a_file_is_explained_lead_by_lead(trained: Workspace, leads: Path):
    ran = run("explain", leads, "-w", trained.folder, "--most", 3, "--as-of", AS_OF, "--json")
    assert [t["lead_id"] for t in ran.json] == pd.read_csv(leads).lead_id.tolist()[:3]


def test_explain_and_score_agree(trained: Workspace, leads: Path):
    out = leads.with_name("o.csv")
    run("score", leads, "-o", out, "-w", trained.folder, "--as-of", AS_OF)
    told = run("explain", leads, "-w", trained.folder, "--most", 40, "--as-of", AS_OF, "--json")
    assert [t["score"] for t in told.json] == pd.read_csv(out).score.tolist()


def test_bad_activity_rows_are_told_while_scoring(trained: Workspace, leads: Path):
    acts = leads.with_name("acts.csv")
    acts.write_text("lead_id,occurred_at\nL-002990,2026-07-01\nL-002990,soon\n")
    out = leads.with_name("o.csv")
    ran = run("score", leads, "-o", out, "-w", trained.folder, "--activities", acts)
    assert "1 rows of acts.csv were not looked at; first: row 2, occurred_at" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["explain", "L-999999"], 3, "No lead 'L-999999'"),
        (["explain", "L-002990", "--as-of", "soon"], 3, "--as-of is 'soon'"),
        (["score", "nobody.csv", "-o", "o.csv"], 3, "nobody.csv is not there"),
        (["score", "{leads}", "-o", "{folder}/o.xlsx"], 3, "ending '.xlsx'"),
        (["promote", "99"], 2, "has no version '99'"),
        (["train", "--leads", "nobody.csv"], 3, "nobody.csv is not there"),
    ],
)
def test_what_cannot_be_done_is_said_with_an_exit_code(
    trained: Workspace, leads: Path, arguments: list[str], code: int, says: str
):
    told = [a.format(leads=leads, folder=leads.parent) for a in arguments]
    ran = run(*told, "-w", trained.folder)
    assert ran.code == code
    assert says in ran.err
    assert "\nleadpact: " in f"\n{ran.err}"
    assert "Traceback" not in ran.err
    if "promote" not in told:
        machine = run(*told, "-w", trained.folder, "--json")
        assert machine.code == code
        assert says in machine.json["detail"]


def test_without_a_model_the_exit_code_is_5(sample_folder: Path, tmp_path: Path):
    shutil.copy(sample_folder / "fields.yaml", tmp_path)
    ran = run("explain", "L-000001", "-w", tmp_path)
    assert ran.code == 5
    assert "leadpact train" in ran.err


def test_a_damaged_bundle_is_refused_with_exit_code_5(movable: Path):
    part = Workspace(movable).champion() / "trees.txt"
    part.write_bytes(part.read_bytes() + b" ")
    ran = run("explain", "L-000001", "-w", movable)
    assert ran.code == 5
    assert "trees.txt is damaged" in ran.err


def test_a_wrong_call_is_exit_code_2_and_a_traceback_never_shows():
    done = subprocess.run(
        [sys.executable, "-m", "leadpact", "score"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Usage" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_front_door_exits_with_the_code_of_the_error(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "leadpact", "train", "-w", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"] == "DocumentRefused"
    assert "leadpact init" in json.loads(done.stdout)["detail"]


def test_a_rulebook_is_checked_and_its_tests_are_run(movable: Path):
    good = run("rulebook", "check", "-w", movable)
    assert good.code == 0
    assert "5 of 5 tests hold" in good.out
    path = movable / "rulebook.yaml"
    path.write_text(path.read_text().replace("expect: {points: 22}", "expect: {points: 99}"))
    failing = run("rulebook", "check", "-w", movable, "--json")
    assert failing.code == 1
    assert failing.json["holds"] is False
    bad = [t for t in failing.json["tests"] if not t["holds"]]
    assert [t["why"] for t in bad] == ["expected 99 points, the rulebook gives 22"]


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("{field: nobody, is: x}", "no field and no fact derived"),
        ("{field: proposal_status, is: signed}", "no score may look at"),
        ("{field: employees, is: many}", "as a text, but it is a number"),
        ("{field: employees, below: 0}", "lies between 1"),
        ("{field: created_at, at_least: 3}", "only `missing` can be asked"),
        ("{field: industry, at_least: 3}", "as a number, but it is a category"),
        ("{field: email_kind, above: 3}", "as a number, but it is a category"),
        ("{field: created_at_hour, is: noon}", "as a text, but it is a number"),
        ("{field: opted_out, in: [maybe]}", "as a text, but it is a boolean"),
    ],
)
def test_a_rule_that_no_lead_can_answer_is_complained_about(movable: Path, when: str, says: str):
    path = movable / "rulebook.yaml"
    rule = f"\n  - {{id: odd, says: Odd, group: fit, points: 1, when: {when}}}\n\ndisqualifiers:"
    path.write_text(path.read_text().replace("\n\ndisqualifiers:", rule))
    ran = run("rulebook", "check", "-w", movable)
    assert ran.code == 1
    assert says in ran.out


def test_a_check_tells_contradictions_and_rules_that_say_a_thing_twice(movable: Path):
    path = movable / "rulebook.yaml"
    rules = """
  - {id: huge, says: Huge, group: fit, points: 1, when: {all: [{field: employees, above: 9},
     {field: employees, below: 5}]}}
  - {id: minute, says: Minute, group: fit, points: 1, when: {field: employees, below: 5}}

disqualifiers:"""
    path.write_text(path.read_text().replace("\n\ndisqualifiers:", rules))
    ran = run("rulebook", "check", "-w", movable)
    assert ran.code == 1
    assert (
        "x  Criterion huge can never apply: employees is above 9 and employees is below" in ran.out
    )
    assert "!  Wherever criterion minute applies, tiny applies too." in ran.out
    assert "5 of 5 tests hold; errors: 1, warnings: 1." in ran.out
    told = run("rulebook", "check", "-w", movable, "--json").json["findings"]
    assert [(f["where"], f["kind"]) for f in told] == [
        ("huge", "contradiction"),
        ("minute", "overlap"),
    ]


def test_every_rule_is_said_as_a_sentence_that_can_be_read_back(movable: Path):
    said = run("rulebook", "say", "-w", movable)
    rule = "pricing page within 30 days: +4 points each time, at most 12, half after 14 days"
    assert f"pricing_page (marketing): {rule}" in said.out
    book = read_rulebook(movable / "rulebook.yaml")
    rules = run("rulebook", "say", "-w", movable, "--json").json["criteria"]
    assert [r["id"] for r in rules] == [c.id for c in book.criteria]
    for told, criterion in zip(rules, book.criteria, strict=True):
        read = run("rulebook", "read", told["rule"], "-w", movable)
        assert read.code == 0, read.err
        parts = {"id": "x", "says": "X", "group": "fit"} | yaml.safe_load(read.out)
        assert Criterion.model_validate(parts).when == criterion.when
        assert Criterion.model_validate(parts).points == criterion.points


def test_a_sentence_that_cannot_be_read_says_where_and_one_that_fits_no_field_says_why(
    movable: Path,
):
    wrong = run("rulebook", "read", "employees is at least many", "-w", movable)
    assert wrong.code == 3
    assert "at character 23: found 'many', expected a number" in wrong.err
    odd = run("rulebook", "read", "colour is red", "-w", movable, "--json")
    assert odd.code == 1
    assert odd.json["when"] == {"field": "colour", "is": "red"}
    assert "no field and no fact derived" in odd.json["complaints"][0]


def test_what_changed_between_two_editions_is_told(movable: Path):
    old, new = movable / "rulebook.yaml", movable / "next.yaml"
    new.write_text(old.read_text().replace("points: -20", "points: -25"))
    ran = run("rulebook", "diff", old, new)
    assert (ran.code, ran.out.strip()) == (0, "~ Criterion student: points -20 -> -25")
    (change,) = run("rulebook", "diff", old, new, "--json").json["changes"]
    assert (change["id"], change["before"], change["after"]) == ("student", -20.0, -25.0)
    assert "word for word" in run("rulebook", "diff", old, old).out


def test_a_file_of_scores_says_fit_engagement_and_who_is_kept_back(trained: Workspace, leads: Path):
    frame = pd.read_csv(leads, dtype=object)
    frame.loc[[1, 2], "job_title"] = "Student"
    frame.loc[[2, 3], "opted_out"] = "true"
    frame.to_csv(leads, index=False)
    out = leads.with_name("o.csv")
    run("score", leads, "-o", out, "-w", trained.folder, "--as-of", AS_OF)
    told = pd.read_csv(out, keep_default_na=False)
    assert told["disqualified"][[1, 2, 3]].tolist() == ["students", "students", "no_email"]
    assert told["route"][[1, 2, 3]].tolist() == ["nurture", "nurture", "do_not_contact"]
    assert not told["handed_over"][told["route"] != ""].any()
    grid = trained.rulebook().grid
    assert grid is not None
    cells = [grid.cell(f, e) for f, e in zip(told["fit"], told["engagement"], strict=True)]
    assert told["grid"].tolist() == cells


def test_an_explanation_says_where_a_lead_stands_and_why_it_is_kept_back(
    trained: Workspace, leads: Path
):
    frame = pd.read_csv(leads, dtype=object).head(1)
    frame["job_title"] = "Student"
    frame.to_csv(leads, index=False)
    ran = run("explain", leads, "-w", trained.folder, "--as-of", AS_OF)
    assert "Never handed over: Student. Its way is nurture." in " ".join(ran.out.split())
    assert "on the grid." in ran.out
    (told,) = run("explain", leads, "-w", trained.folder, "--as-of", AS_OF, "--json").json
    assert told["disqualified"]["route"] == "nurture"
    assert told["handed_over"] is False
    student = next(r for r in told["reasons"] if r["key"] == "criterion:student")
    assert (student["agreed"], student["dimension"]) == (-20, "fit")


@pytest.mark.slow
def test_a_challenger_serves_only_once_it_is_promoted_and_can_be_pulled_elsewhere(movable: Path):
    workspace = Workspace(movable)
    store = f"sqlite:///{movable / 'elsewhere.db'}"
    first = run(
        "train", "-w", movable, "--tracking-uri", store, "--no-curve", "--seed", 1, "--json"
    ).json
    assert first["registered"]["champion"] is True
    second = run(
        "train", "-w", movable, "--tracking-uri", store, "--no-curve", "--seed", 2, "--json"
    ).json
    assert second["registered"]["champion"] is False
    assert second["registered"]["version"] == "2"
    assert workspace.champion().name == first["model"] != second["model"]
    ran = run("promote", "-w", movable, "--tracking-uri", store)
    assert "version 2" in ran.out
    assert workspace.champion().name == second["model"]
    shutil.rmtree(workspace.bundle(second["model"]))
    shutil.rmtree(workspace.bundle(first["model"]))
    pulled = run("pull", "-w", movable, "--tracking-uri", store)
    assert pulled.code == 0, pulled.err
    assert Scorer.load(workspace.champion()).versions.model == second["model"]
    back = run("promote", "1", "-w", movable, "--tracking-uri", store)
    assert back.code == 0, back.err
    assert Scorer.load(workspace.champion()).versions.model == first["model"]


def test_mlflows_own_pages_open_on_the_workspaces_store(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch
):
    called = []
    monkeypatch.setattr("os.execve", lambda *arguments: called.append(arguments))
    ran = run("mlflow", "-w", trained.folder, "--port", 5999)
    assert ran.code == 0
    assert "http://127.0.0.1:5999/" in ran.err
    program, call, environment = called[0]
    assert program == sys.executable
    assert call[1:4] == ["-m", "mlflow", "server"]
    assert trained.tracking_uri in call
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert environment["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
