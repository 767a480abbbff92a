"""Features of fields against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from features.arrays import Table, texts
from features.catalogue import Catalogue, Vocabulary
from features.columns import from_records
from features.facts import derived_kinds, facts_of
from features.fields import Field, Fields
from features.fit import hour_of_day, weekday, yes_no
from features.snapshot import take_snapshot
from features.timeline import no_activities
from tests.support.build import activities, at, fields
from tests.support.strategies import CHANNELS, KINDS, TEAMS


def computed(records: list[dict[str, object]], day: float = 3.5) -> Table:
    f = fields()
    columns = from_records(records, f).columns
    as_of = at(*[day] * len(records))
    return Catalogue.of(f, Vocabulary()).compute(take_snapshot(columns, no_activities(), as_of, f))


def test_every_feature_of_a_full_and_of_an_empty_lead():
    full = {
        "lead_id": "a",
        "created_at": "2026-01-02T17:45:00Z",  # a Friday; looked at on day 3.5, 4 January 12:00
        "email": "jane@gmail.com",
        "title": "Head of Marketing",
        "employees": 250,
        "industry": "Retail",
        "phone": True,
        "visits": 3,
    }
    found = computed([full, {}])
    told = {name: found[name].tolist() for name in found.names}
    ages = told.pop("created_at_days_ago")
    assert ages[0] == pytest.approx(1 + (6.25 + 12) / 24 - 0, abs=1)
    assert ages[0] == pytest.approx((36 + 6.25) / 24)
    assert np.isnan(ages[1])
    assert told == {
        "email_kind": ["free", None],
        "title_seniority": ["head", None],
        "title_function": ["marketing", None],
        "employees": [250.0, pytest.approx(np.nan, nan_ok=True)],
        "industry": ["Retail", None],
        "phone": ["yes", None],
        "visits": [3.0, pytest.approx(np.nan, nan_ok=True)],
        "created_at_hour": [17.0, pytest.approx(np.nan, nan_ok=True)],
        "created_at_weekday": ["fri", None],
    }


def test_neither_the_address_nor_the_title_is_kept():
    found = computed([{"email": "jane.doe@acme.example", "title": "Chief Fun Officer"}])
    told = " ".join(str(found[name].tolist()) for name in found.names)
    assert "jane" not in told
    assert "Fun" not in told


def test_hours_and_weekdays_are_utc_before_and_after_1970():
    column = np.array(
        ["1969-12-31T23:59:59", "1970-01-01T00:00", "2026-11-25T09:30", "NaT"],
        dtype="datetime64[us]",
    )
    assert hour_of_day(column).tolist()[:3] == [23.0, 0.0, 9.0]
    assert np.isnan(hour_of_day(column)[3])
    assert weekday(column).tolist() == ["wed", "thu", "wed", None]


def test_booleans_become_words():
    assert yes_no(np.array([1.0, 0.0, np.nan])).tolist() == ["yes", "no", None]


def test_a_plain_text_tells_only_whether_it_was_given():
    plain = Field(name="wish", column="Wish", type="text", role="attribute")
    lead = Field(name="lead_id", column="Lead", type="id", role="id")
    f = Fields(lead="lead_id", fields=(lead, plain))
    columns = from_records([{"wish": "a demo"}, {"wish": " "}, {}], f).columns
    snapshot = take_snapshot(columns, no_activities(), at(0, 0, 0), f)
    found = Catalogue.of(f, Vocabulary()).compute(snapshot)
    assert found["wish_given"].tolist() == ["yes", "no", "no"]


def test_a_field_wins_over_a_derived_feature_of_its_name():
    own = Field(name="email_kind", column="Mailbox", type="category", role="attribute")
    f = fields().model_copy(update={"fields": (*fields().fields, own)})
    columns = from_records([{"email": "a@gmail.com", "email_kind": "ours"}], f).columns
    snapshot = take_snapshot(columns, no_activities(), at(0), f)
    catalogue = Catalogue.of(f, Vocabulary())
    found = catalogue.compute(snapshot)
    assert [x.name for x in catalogue.features].count("email_kind") == 1
    assert found["email_kind"].tolist() == ["ours"]
    assert catalogue["email_kind"].line == "field:email_kind"
    assert facts_of(snapshot, found).columns["email_kind"].tolist() == ["ours"]


def test_derived_facts_are_listed_with_their_kind():
    kinds = derived_kinds(fields())
    assert kinds["email_kind"] == "category"
    assert kinds["created_at_hour"] == "number"
    assert kinds["title_seniority"] == "category"


def test_names_are_unique_and_every_feature_tells_its_line_owner_and_reason():
    catalogue = Catalogue.of(fields(), Vocabulary(CHANNELS, KINDS, TEAMS))
    names = [f.name for f in catalogue.features]
    assert len(set(names)) == len(names)
    for f in catalogue.features:
        assert f.line.split(":")[0] in ("field", "activity")
        assert f.owner in ("marketing", "sales", "joint")
        assert f.label
        value = 1.0 if f.kind == "number" else "x"
        assert f.reason.format(value=value)
    with pytest.raises(KeyError):
        catalogue["nobody"]


def test_braces_in_names_of_channels_and_units_stay_what_they_are():
    odd = Field(name="n", column="N", type="number", role="attribute", unit="{x}")
    lead = Field(name="lead_id", column="Lead", type="id", role="id")
    f = Fields(lead="lead_id", fields=(lead, odd))
    catalogue = Catalogue.of(f, Vocabulary(("{value}", "a{0}"), ("{}",), ("sales",)))
    told = {x.name: x.reason.format(value=2.0) for x in catalogue.features if x.kind == "number"}
    assert told["n"] == "2 {x}"
    assert told["touches__a{0}__7d"] == "2 by a{0} in 7 days"


def test_the_fingerprint_follows_the_features():
    one = Catalogue.of(fields(), Vocabulary(("web",), ("visit",), ("sales",)))
    again = Catalogue.of(fields(), Vocabulary(("web",), ("visit",), ("sales",)))
    other = Catalogue.of(fields(), Vocabulary(("web", "phone"), ("visit",), ("sales",)))
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()


def test_a_vocabulary_holds_what_is_frequent_in_alphabetic_order():
    few = activities(
        ("a", None, 0, 0, "web", "visit", "sales"), ("a", None, 0, 0, "email", "open", "sales")
    )
    assert Vocabulary.of(few) == Vocabulary(("email", "web"), ("open", "visit"), ("sales",))
    rows = [("a", None, 0, 0, "web", "visit", "sales")] * 1000
    rare = activities(*rows, *[("a", None, 0, 0, "fax", "sent", "sales")] * 19)
    assert Vocabulary.of(rare).channels == ("web",)
    enough = activities(*rows, *[("a", None, 0, 0, "fax", "sent", "sales")] * 20)
    assert Vocabulary.of(enough).channels == ("fax", "web")


def test_columns_of_a_table_are_taken_by_rows_and_by_names():
    table = Table(3, {"x": np.array([1.0, 2.0, 3.0]), "c": texts(["a", None, "b"])})
    assert table.names == ["x", "c"]
    assert table.is_number("x")
    assert not table.is_number("c")
    assert "x" in table
    assert "y" not in table
    assert table.take(np.array([True, False, True]))["c"].tolist() == ["a", "b"]
    assert table.take(np.array([2, 0])).n == 2
    assert table.only(["c"]).names == ["c"]
