"""Tables of every kind that a CRM writes, and what is said when one cannot be read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputRefused
from training.tables import dialect_of, iter_tables, kind_of, read_table
from training.writers import open_writer


def written(folder: Path, text: str, encoding: str = "utf-8", name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_from_the_header(tmp_path: Path, delimiter: str):
    text = (
        f"a{delimiter}b\n1{delimiter}x,y;z\n"
        if delimiter not in ",;"
        else (f"a{delimiter}b\n1{delimiter}x|y\n")
    )
    frame = read_table(written(tmp_path, text))
    assert frame.columns.tolist() == ["a", "b"]
    assert frame["a"].tolist() == ["1"]


def test_a_delimiter_in_a_quoted_header_does_not_count(tmp_path: Path):
    frame = read_table(written(tmp_path, '"a,b,c,d";e\n1;2\n'))
    assert frame.columns.tolist() == ["a,b,c,d", "e"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str):
    frame = read_table(written(tmp_path, "größe,städte\nä,é\n", encoding))
    assert frame.columns.tolist() == ["größe", "städte"]
    assert frame["größe"].tolist() == ["ä"]


def test_an_accent_late_in_a_long_latin_1_file_is_read(tmp_path: Path):
    rows = "".join(f"{i},plain\n" for i in range(60_000))
    path = written(tmp_path, f"id,city\n{rows}60000,Köln\n", "latin-1")
    assert path.stat().st_size > 512 * 1024
    assert dialect_of(path).encoding == "cp1252"
    assert read_table(path)["city"].iloc[-1] == "Köln"


def test_an_accent_cut_in_two_by_the_sample_is_still_utf_8(tmp_path: Path):
    text = "a,b\n" + "x" * (256 * 1024 - 5) + "ü,1\n"
    assert text.encode()[256 * 1024 - 1 :].startswith("ü".encode())
    assert dialect_of(written(tmp_path, text)).encoding == "utf-8"


def test_gzip(tmp_path: Path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a;b\n1;2\n"))
    assert read_table(path)["b"].tolist() == ["2"]


def test_cells_stay_the_text_they_are_and_blank_ones_are_missing(tmp_path: Path):
    frame = read_table(written(tmp_path, 'a,b\n007,NA\n1e5," "\n,"x\ny, ""z"""\n'))
    assert frame["a"].tolist() == ["007", "1e5", None]
    assert frame["b"].tolist() == ["NA", None, 'x\ny, "z"']


def test_blank_lines_and_trailing_delimiters_are_let_pass(tmp_path: Path):
    frame = read_table(written(tmp_path, "a,b,,\n\n1,2,,\n\n3,4\n"))
    assert frame["b"].tolist() == ["2", "4"]


def test_a_header_without_rows_is_a_table_of_none(tmp_path: Path):
    frame = read_table(written(tmp_path, "a,b\n"))
    assert (len(frame), frame.columns.tolist()) == (0, ["a", "b"])


def test_a_huge_cell_is_read(tmp_path: Path):
    frame = read_table(written(tmp_path, f"id,notes\n1,{'x' * 300_000}\n"))
    assert len(frame["notes"].iloc[0]) == 300_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n3\n", "line 3: 1 cells under 2 columns"),
        ("a,b\n1,2,3\n", "line 2: 3 cells under 2 columns"),
        ('a,b\n1,"2\n', "cannot be read as a table"),
        ("\n", "no header line"),
        (",,\n1,2,3\n", "no header line"),
        ("a,b,a\n1,2,3\n", "names columns twice: 'a'"),
    ],
)
def test_a_table_that_cannot_be_one_is_refused_with_its_line(tmp_path: Path, text: str, says: str):
    with pytest.raises(InputRefused, match=says):
        read_table(written(tmp_path, text))


def test_files_that_are_none_are_refused(tmp_path: Path):
    with pytest.raises(InputRefused, match="is not there"):
        read_table(tmp_path / "nobody.csv")
    with pytest.raises(InputRefused, match="is empty"):
        read_table(written(tmp_path, ""))
    with pytest.raises(InputRefused, match="bytes that no text has"):
        read_table(written(tmp_path, "a\x00b"))
    with pytest.raises(InputRefused, match=r"ending '\.xlsx'"):
        read_table(written(tmp_path, "x", name="t.xlsx"))
    with pytest.raises(InputRefused, match=r"ending '\(none\)'"):
        kind_of(Path("leads"))


@pytest.mark.parametrize("name", ["t.csv.gz", "t.ndjson.gz"])
@pytest.mark.parametrize("damage", ["cut", "not gzip", "flipped"])
def test_a_damaged_archive_is_refused(tmp_path: Path, name: str, damage: str):
    line = "a,b\n" if "csv" in name else '{"a": 1}\n'
    whole = gzip.compress((line * 50_000).encode(), 6)
    content = {
        "cut": whole[: len(whole) // 2],
        "not gzip": b"hello there",
        "flipped": whole[:60] + bytes(x ^ 255 for x in whole[60:90]) + whole[90:],
    }[damage]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputRefused):
        read_table(tmp_path / name)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path):
    with pytest.raises(InputRefused, match="no Parquet file"):
        read_table(written(tmp_path, "PAR1 nothing", name="t.parquet"))


def test_ndjson_keeps_types_and_nested_values_are_for_the_gate(tmp_path: Path):
    text = '\n{"id": 7, "on": true, "n": 1.5}\n\n{"id": 8, "s": "\\ud800", "l": [1]}\n'
    frame = read_table(written(tmp_path, text, name="t.ndjson"))
    assert frame["id"].tolist() == [7, 8]
    assert frame["on"].tolist() == [True, None]
    assert frame["l"].tolist() == [None, [1]]
    assert frame["s"].tolist() == [None, "\ud800"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[1]", "line 2 is no JSON object"),
        ("{", "line 2 is not JSON"),
        ('{"a":' + "[" * 100_000, "line 2 is not JSON"),
    ],
)
def test_ndjson_that_is_none_is_refused_with_its_line(tmp_path: Path, line: str, says: str):
    with pytest.raises(InputRefused, match=says):
        read_table(written(tmp_path, f'{{"a": 1}}\n{line}\n', name="t.jsonl"))


def test_ndjson_in_another_encoding_is_refused(tmp_path: Path):
    with pytest.raises(InputRefused, match="NDJSON in UTF-8"):
        read_table(written(tmp_path, '{"a": "é"}\n', "latin-1", "t.ndjson"))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.ndjson"])
def test_chunks_hold_every_row_once_and_in_order(tmp_path: Path, name: str):
    path = tmp_path / name
    with open_writer(path) as out:
        for start in (0, 4, 8):
            out.write(pd.DataFrame({"i": range(start, start + 4)}))
    chunks = list(iter_tables(path, rows=5))
    assert max(len(c) for c in chunks) <= 5
    assert [int(v) for c in chunks for v in c["i"]] == list(range(12))


def test_an_empty_parquet_table_keeps_its_columns(tmp_path: Path):
    pd.DataFrame({"a": pd.Series([], dtype="int64")}).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").columns.tolist() == ["a"]


@pytest.mark.parametrize("name", ["o.csv", "o.tsv", "o.csv.gz", "o.parquet", "o.ndjson", "o.pq"])
def test_what_is_written_reads_back(tmp_path: Path, name: str):
    frame = pd.DataFrame({"id": ["a", "b"], "n": [1, 2], "s": ['q"uo,te', "ü\nx"]})
    with open_writer(tmp_path / name) as out:
        out.write(frame)
    back = read_table(tmp_path / name)
    assert back["s"].tolist() == ['q"uo,te', "ü\nx"]
    assert [int(v) for v in back["n"]] == [1, 2]


def test_a_file_that_fails_half_way_leaves_nothing_behind(tmp_path: Path):
    def fail() -> None:
        with open_writer(tmp_path / "o.csv") as out:
            out.write(pd.DataFrame({"a": [1]}))
            raise RuntimeError("power cut")

    (tmp_path / "o.csv").write_text("old")
    with pytest.raises(RuntimeError, match="power cut"):
        fail()
    assert (tmp_path / "o.csv").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["o.csv"]
