"""The fields file: what it accepts, and what it says when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import DocumentRefused
from features.fields import Fields, parse_document, read_fields
from tests.support.build import FIELDS, fields


def test_a_document_reads_back_equal_to_itself():
    told = fields()
    assert parse_document(Fields, told.text(), "again") == told
    assert parse_document(Fields, told.text(), "again").fingerprint() == told.fingerprint()


def test_inputs_leave_out_ids_outcome_and_ignored_fields():
    assert [f.name for f in fields().inputs] == [
        "email",
        "title",
        "employees",
        "industry",
        "phone",
        "visits",
    ]


def test_the_fingerprint_changes_with_a_declaration_but_not_with_where_files_lie():
    moved = FIELDS + "sources: {leads: elsewhere.csv}\n"
    assert fields(moved).fingerprint() == fields().fingerprint()
    stricter = FIELDS.replace("minimum: 1", "minimum: 2")
    assert fields(stricter).fingerprint() != fields().fingerprint()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("lead: nobody", "names the field 'nobody', which is not declared"),
        ("schema: leadpact/fields/9", "this version reads 'leadpact/fields/1'"),
        ("speling: 1", "Extra inputs are not permitted"),
        ("timing: {as_of: email}", "is not an instant"),
    ],
)
def test_a_contradiction_is_named(wrong: str, says: str):
    key = wrong.split(":")[0]
    kept = "\n".join(line for line in FIELDS.splitlines() if not line.startswith(f"{key}:"))
    with pytest.raises(DocumentRefused, match="cannot be used") as told:
        fields(f"{wrong}\n{kept}")
    assert says in str(told.value)


def test_an_ignored_field_needs_a_reason():
    with pytest.raises(DocumentRefused, match="without a reason"):
        fields(FIELDS.replace(', reason: "set by reps"', ""))


def test_a_name_given_twice_is_named():
    with pytest.raises(DocumentRefused, match="name given twice: email"):
        fields(FIELDS.replace("name: title,", "name: email,"))


def test_yaml_that_is_none_and_files_that_are_not_there(tmp_path: Path):
    with pytest.raises(DocumentRefused, match="is not YAML"):
        fields("fields: [")
    with pytest.raises(DocumentRefused, match="holds no mapping"):
        fields("- 1")
    with pytest.raises(DocumentRefused, match="leadpact init"):
        read_fields(tmp_path / "fields.yaml")
