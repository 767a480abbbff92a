"""The leak guard on raw files, every column an input; and on what `init` and people declared."""

from __future__ import annotations

import pytest

from features.frames import read_frame
from tests.benchmarks.leaks import SETS, inspect_raw, inspect_sample
from tests.support.real import dataset
from training.draft import draft_fields
from training.draft.history import known_outcomes
from training.intake import with_rows
from training.leak_guard import inspect
from training.tables import read_table

pytestmark = pytest.mark.real
by_name = pytest.mark.parametrize("raw", SETS, ids=lambda raw: raw.name)


@by_name
def test_every_known_leak_is_named_and_at_most_one_clean_field(raw, real_data) -> None:
    found = inspect_raw(raw, real_data)
    assert found.missed == ()
    assert len(found.clean) <= 1
    assert set(raw.leaks) <= {s.field for s in found.found}


def test_the_planted_leak_of_the_simulated_company_is_named_and_nothing_else() -> None:
    found = inspect_sample(3000, 7)
    assert [s.field for s in found.found] == ["proposal_status"]
    assert found.blind == ("proposal_status",)


@by_name
def test_what_init_drafts_trains_without_another_word(raw, real_data) -> None:
    frame = read_table(real_data / raw.file)
    fields, _ = draft_fields(frame, converted=raw.converted, leads_path=raw.file, company=raw.name)
    columns = read_frame(with_rows(frame, 1), fields.fields).columns
    assert inspect(columns, fields, known_outcomes(fields, frame)) == []


@pytest.mark.parametrize(
    ("name", "answered_for"), [("x_education", []), ("bank_marketing", []), ("ficzon", ["product"])]
)
def test_the_fields_that_people_kept_are_clean_or_answered_for(
    name, answered_for, real_data
) -> None:
    d = dataset(name)
    assert [s.field for s in inspect(d.everyone, d.fields, d.outcome)] == answered_for
    assert list(d.fields.accept_leaks) == answered_for
