"""`leadpact init` on what CRMs export, with no editing: then train, score and explain work."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from features.fields import Fields, read_fields
from features.rulebook.cases import run_cases
from features.rulebook.check import complaints
from features.rulebook.document import read_rulebook
from tests.support.cli import run

EXPORTS = {
    "x_education": ("x_education/Leads.csv.gz", "Converted", 4),
    "bank": ("bank_marketing/bank-additional-full.csv.gz", "y", 12),
}
SUSPICIOUS = {"x_education": {"Tags", "Lead Quality", "Lead Profile"}, "bank": {"duration"}}
HONEST = {
    "x_education": {"Lead Origin", "Lead Source", "TotalVisits", "Country"},
    "bank": {"age", "job", "marital", "contact", "previous"},
}


def declared(folder: Path) -> dict[str, dict[str, Any]]:
    """The drafted fields by their column."""
    told = yaml.safe_load((folder / "fields.yaml").read_text(encoding="utf-8"))
    return {f["column"]: f for f in told["fields"]}


@pytest.fixture(scope="module", params=sorted(EXPORTS))
def drafted(
    request: pytest.FixtureRequest, real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, list[str]]:
    """A workspace drafted from the raw export as it lies there."""
    name, (file, converted, _) = request.param, EXPORTS[request.param]
    folder = tmp_path_factory.mktemp("init") / name
    ran = run("init", real_data / file, "--converted", converted, "-w", folder, "--json")
    assert ran.code == 0, ran.err
    return name, folder, ran.json["notes"]


@pytest.mark.real
def test_post_hoc_columns_are_left_out_with_the_reason(drafted: Any):
    name, folder, notes = drafted
    fields = declared(folder)
    for column in SUSPICIOUS[name]:
        assert fields[column]["role"] == "ignored", column
        assert "known only after the outcome" in fields[column]["reason"]
        assert any(column in note and "suspicious" in note for note in notes)


@pytest.mark.real
def test_honest_columns_stay_inputs(drafted: Any):
    name, folder, _ = drafted
    fields = declared(folder)
    roles = {column: fields[column]["role"] for column in HONEST[name]}
    assert set(roles.values()) <= {"attribute", "activity"}, roles


@pytest.mark.real
def test_every_column_is_declared_once_and_the_documents_fit(drafted: Any, real_data: Path):
    name, folder, _ = drafted
    with gzip.open(real_data / EXPORTS[name][0], "rt", encoding="utf-8") as file:
        header = pd.read_csv(io.StringIO(file.readline()), sep=None, engine="python").columns
    fields, rulebook = read_fields(folder / "fields.yaml"), read_rulebook(folder / "rulebook.yaml")
    assert {c.strip() for c in header} <= {f.column for f in fields.fields}
    assert complaints(rulebook, fields) == []
    assert rulebook.criteria
    assert rulebook.tests
    assert all(v.holds for v in run_cases(rulebook, fields))
    assert run("rulebook", "check", "-w", folder).code == 0


@pytest.mark.real
@pytest.mark.slow
def test_train_score_and_explain_work_with_no_editing(drafted: Any, real_data: Path):
    """On every fourth (twelfth) row of the export, in its own order and dialect."""
    name, folder, _ = drafted
    file, _, step = EXPORTS[name]
    with gzip.open(real_data / file, "rt", encoding="utf-8", newline="") as raw:
        lines = raw.readlines()
    some = folder / "some.csv"
    some.write_text(lines[0] + "".join(lines[1::step]), encoding="utf-8")
    trained = run("train", "-w", folder, "--leads", some, "--no-curve", "--json")
    assert trained.code == 0, trained.err
    told = trained.json
    assert told["largest_gap"] < 1e-6
    tested = told["card"]["evaluation"]
    assert tested["leadpact"]["log_loss"] < tested["rulebook"]["log_loss"]
    assert tested["leadpact"]["auc"] > {"x_education": 0.8, "bank": 0.55}[name]
    out = folder / "scores.csv"
    assert run("score", some, "-o", out, "-w", folder, "--json").json["set_aside"] == 0
    scores = pd.read_csv(out)
    assert len(scores) == len(lines[1::step])
    assert scores["score"].between(0, 100).all()
    explained = run("explain", some, "-w", folder, "--most", 2, "--json")
    assert explained.code == 0
    assert len(explained.json) == 2


def export(n: int = 400) -> pd.DataFrame:
    """A CRM's export with what makes exports hard."""
    rng = np.random.default_rng(1)
    size = np.exp(rng.normal(4, 1, n)).astype(int) + 1
    source = rng.choice(["Messe Köln", "Café", "web"], n)
    f = -1 + 0.8 * (source == "web") + 0.5 * np.log(size / 50)
    won = rng.random(n) < 1 / (1 + np.exp(-f))
    came = pd.date_range("2025-01-01", periods=n, freq="6h")
    frame = pd.DataFrame(
        {
            "Lead-Nr": [f"K{i:05d}" for i in range(n)],
            "Erstellt": came.strftime("%d.%m.%Y %H:%M"),
            "Größe": np.where(rng.random(n) < 0.1, "Select", size.astype(str)),
            "Quelle": source,
            "E-Mail": [f"p{i}@{'gmail.com' if i % 3 else 'acme.example'}" for i in range(n)],
            "leer": "",
            "Konstante": "x",
            "=cmd": rng.choice(["a", "b"], n),
            "Gewonnen": np.where(won, "ja", "nein"),
        }
    )
    for k in range(36):
        frame[f"Extra {k}"] = rng.choice(["p", "q", "r"], n)
    return frame


@pytest.mark.parametrize("dialect", ["semicolon", "latin-1", "gz", "tab", "parquet", "ndjson"])
def test_any_dialect_drafts_the_same_documents(tmp_path: Path, dialect: str):
    frame, reference = export(), tmp_path / "reference"
    frame.to_csv(tmp_path / "plain.csv", index=False)
    run("init", tmp_path / "plain.csv", "--converted", "Gewonnen", "-w", reference)
    text = frame.to_csv(index=False)
    names = {
        "semicolon": ("l.csv", frame.to_csv(index=False, sep=";").encode()),
        "latin-1": ("l.csv", text.encode("latin-1")),
        "gz": ("l.csv.gz", gzip.compress(text.encode())),
        "tab": ("l.tsv", frame.to_csv(index=False, sep="\t").encode()),
        "ndjson": ("l.ndjson", frame.to_json(orient="records", lines=True).encode()),
    }
    if dialect == "parquet":
        path = tmp_path / "l.parquet"
        frame.to_parquet(path)
    else:
        path = tmp_path / names[dialect][0]
        path.write_bytes(names[dialect][1])
    folder = tmp_path / "made"
    ran = run("init", path, "--converted", "Gewonnen", "-w", folder)
    assert ran.code == 0, ran.err
    ours, theirs = read_fields(folder / "fields.yaml"), read_fields(reference / "fields.yaml")
    assert ours.fields == theirs.fields
    one, two = read_rulebook(folder / "rulebook.yaml"), read_rulebook(reference / "rulebook.yaml")
    assert one.criteria == two.criteria


def test_types_markers_dates_and_dead_columns_are_told_from_the_cells(tmp_path: Path):
    export().to_csv(tmp_path / "l.csv", index=False)
    ran = run(
        "init",
        tmp_path / "l.csv",
        "--converted",
        "Gewonnen",
        "--as-of",
        "Erstellt",
        "--lead",
        "Lead-Nr",
        "-w",
        tmp_path,
        "--json",
    )
    assert ran.code == 0
    fields: Fields = read_fields(tmp_path / "fields.yaml")
    by_column = {f.column: f for f in fields.fields}
    assert by_column["Größe"].type == "number"
    assert by_column["Größe"].missing == ("Select",)
    assert by_column["Erstellt"].format == "%d.%m.%Y %H:%M"
    assert by_column["E-Mail"].format == "email"
    assert by_column["Quelle"].type == "category"
    assert by_column["Lead-Nr"].role == "id"
    assert fields.timing.as_of == by_column["Erstellt"].name
    for dead in ("leer", "Konstante"):
        assert by_column[dead].role == "ignored"
        assert by_column[dead].reason
    assert len(by_column) >= 45


def test_a_drafted_workspace_of_a_small_export_trains(tmp_path: Path):
    export(150).to_csv(tmp_path / "l.csv", index=False)
    run(
        "init", tmp_path / "l.csv", "--converted", "Gewonnen", "--as-of", "Erstellt", "-w", tmp_path
    )
    text = (tmp_path / "fields.yaml").read_text(encoding="utf-8")
    assert "# " in text
    ran = run("evaluate", "-w", tmp_path, "--json")
    assert ran.code == 0, ran.out + ran.err
    assert ran.json["split"] == "by time"
    assert ran.json["tested"] > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--converted", "Gewonen"), "Did you mean 'Gewonnen'"),
        (("--converted", "Quelle"), "None of the values of 'Quelle' reads like a conversion"),
        (("--converted", "leer"), "is empty in every row"),
        (("--converted", "Gewonnen", "--as-of", "Quelle"), "holds no dates"),
        (("--converted", "Gewonnen", "--as-of", "leer"), "is empty"),
        (("--converted", "Gewonnen", "--lead", "nobody"), "--lead names the column 'nobody'"),
    ],
)
def test_what_cannot_be_drafted_is_said(tmp_path: Path, arguments: Any, says: str):
    export().to_csv(tmp_path / "l.csv", index=False)
    ran = run("init", tmp_path / "l.csv", *arguments, "-w", tmp_path / "w")
    assert ran.code == 3
    assert says in ran.err
    assert not (tmp_path / "w").exists()


def test_drafts_that_people_may_have_edited_are_not_replaced_unless_asked(tmp_path: Path):
    export().to_csv(tmp_path / "l.csv", index=False)
    call = ("init", tmp_path / "l.csv", "--converted", "Gewonnen", "-w", tmp_path)
    assert run(*call).code == 0
    (tmp_path / "rulebook.yaml").write_text("ours")
    refused = run(*call)
    assert refused.code == 3
    assert "--force" in refused.err
    assert (tmp_path / "rulebook.yaml").read_text() == "ours"
    assert run(*call, "--force").code == 0
    assert (tmp_path / "rulebook.yaml").read_text() != "ours"


def test_a_file_without_rows_or_without_a_column_to_score_by_is_refused(tmp_path: Path):
    (tmp_path / "l.csv").write_text("a,won\n")
    assert "no rows" in run("init", tmp_path / "l.csv", "--converted", "won", "-w", tmp_path).err
    (tmp_path / "l.csv").write_text("a,won\n" + "x,1\nx,0\n" * 30)
    ran = run("init", tmp_path / "l.csv", "--converted", "won", "-w", tmp_path)
    assert ran.code == 3
    assert "no column to score by" in ran.err


def thin(folder: Path, won: str) -> Path:
    """An export of 12 leads, with or without a conversion among them."""
    rows = "".join(
        f"L{i},p{i}@{'gmail.com' if i % 2 else 'acme.example'},{title},{won if i == 3 else 'no'}\n"
        for i, title in enumerate(["CEO", "Student", "Head of IT", "Clerk", "Buyer", "CFO"] * 2)
    )
    (folder / "l.csv").write_text("Lead ID,Email,Job Title,Won\n" + rows)
    return folder / "l.csv"


@pytest.mark.parametrize("won", ["yes", "no"])
def test_a_history_too_thin_to_propose_points_gets_common_ones(tmp_path: Path, won: str):
    ran = run("init", thin(tmp_path, won), "--converted", "Won", "-w", tmp_path)
    assert ran.code == 0, ran.err
    rulebook = read_rulebook(tmp_path / "rulebook.yaml")
    fields = read_fields(tmp_path / "fields.yaml")
    assert complaints(rulebook, fields) == []
    assert all("too few outcomes" in c.rationale for c in rulebook.criteria)
    free = next(c for c in rulebook.criteria if c.says == "Free mailbox")
    assert free.points < 0
    assert "History was too thin" in (tmp_path / "rulebook.yaml").read_text()
    assert run("rulebook", "check", "-w", tmp_path).code == 0
