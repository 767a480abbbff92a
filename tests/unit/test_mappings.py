"""The language of mappings: places, conversions, and what a mapping may not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from features.errors import DocumentRefused
from serving.mappings.conversions import NotConverted, convert
from serving.mappings.document import Mapping, read_mapping
from serving.mappings.fitting import fit
from serving.mappings.items import Happened, Left, Told, Wrong
from serving.mappings.leaks import LEAKS, leak_of
from serving.mappings.library import listed, mapping_of
from serving.mappings.pointers import find
from serving.mappings.translate import translate
from tests.support import build
from tests.support.cli import run

NOW = np.datetime64("2026-11-25T12:00:00", "us")
SMALL = """
schema: leadpact/mapping/1
crm: ours
title: A small one
empty: ["", "-"]
shapes:
  - name: people
    find: ["/people/*"]
    type: {value: person}
    types: {person: person}
    ids: /key
    told_at: {at: /at, as: instant}
  - name: changes
    find: ["/changes/*"]
    type: /type
    types: {person: person, visit: visit}
    ids: /key
    told_at: {at: /at, as: instant}
    changed: /changed
    partial: true
records:
  person:
    is: lead
    prefix: p-
    account: {at: /firm, of: firm}
    owner: /rep
    fields:
      email: /mail
      employees: {at: [/size, /staff/0], as: number}
      industry: {at: /branch, levels: {1: logistics, 2: null}, default: other}
      phone: {at: /phone, as: given}
      visits: {at: /visits, as: number, times: 2, default: 0}
    outcomes:
      - when: [{at: /state, in: [won]}]
        stage: {value: won}
        at: {at: /won, as: end of day}
        amount: {at: /amount, as: number}
  visit:
    is: activity
    prefix: v-
    whose: [{at: "/who/*", of: person}]
    occurred_at: {at: /when, as: instant}
    channel: {value: web}
    what: /page
    team: {value: marketing}
  firm: {is: ignored, prefix: f-, reason: not wanted}
"""
PERSON = {"key": 1, "at": "2026-11-20", "mail": "a@b.example", "size": "64", "branch": 1}


def small(**changes: Any) -> Mapping:
    """The small mapping with parts of it changed, given as `records__person__prefix=...`."""
    told = yaml.safe_load(SMALL)
    for path, value in changes.items():
        *way, last = path.split("__")
        at = told
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at[step]
        at[last] = value
    return Mapping.model_validate(told)


def items(payload: Any, mapping: Mapping | None = None) -> list[Any]:
    return list(translate(mapping or small(), payload, NOW))


def told(**person: Any) -> Told:
    found = items({"people": [PERSON | person]})[0]
    assert isinstance(found, Told)
    return found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", {"": {"a": [{"b": 1}, {"b": 2}], "x.y": {"c/d": 3}}}),
        ("/a/*/b", {"/a/0/b": 1, "/a/1/b": 2}),
        ("/a/1", {"/a/1": {"b": 2}}),
        ("/a/01", {}),
        ("/a/9", {}),
        ("/x.y/c~1d", {"/x.y/c~1d": 3}),
        ("/{type}/*/b", {"/a/0/b": 1, "/a/1/b": 2}),
        ("/none/*", {}),
        ("/a/b", {}),
    ],
)
def test_a_pattern_names_places(pattern: str, found: dict[str, Any]):
    payload = {"a": [{"b": 1}, {"b": 2}], "x.y": {"c/d": 3}}
    assert {p.pointer: p.value for p in find(payload, pattern)} == found


@pytest.mark.parametrize(
    ("how", "value", "expected"),
    [
        ("text", 7.0, "7"),
        ("text", True, "true"),
        ("text", " x ", "x"),
        ("lower", "WEB", "web"),
        ("number", " -1.5e3 ", -1500.0),
        ("range start", "25-50", 25.0),
        ("range start", "1,000+", 1000.0),
        ("range start", 12, 12.0),
        ("boolean", "False", False),
        ("boolean", 1, True),
        ("given", "anything", True),
        ("instant", "1795500000000", "2026-11-24T06:00:00.000000Z"),
        ("instant", "/Date(1795500000000+0200)/", "2026-11-24T06:00:00.000000Z"),
        ("instant", "2026-11-24T08:00:00.000+0200", "2026-11-24T06:00:00.000000Z"),
        ("instant", "2026-11-24 06:00:00", "2026-11-24T06:00:00.000000Z"),
        ("seconds", 1795500000.5, "2026-11-24T06:00:00.500000Z"),
        ("end of day", "2026-11-24", "2026-11-24T23:59:59.000000Z"),
        ("end of day", "2026-11-24T06:00:00Z", "2026-11-24T06:00:00.000000Z"),
        ("salesforce id", "00Q1a000001AbcD", "00Q1a000001AbcDEAS"),
        ("salesforce id", "00Q1a000001AbcDEAS", "00Q1a000001AbcDEAS"),
        ("before the dot", "contact.propertyChange", "contact"),
        ("after the dot", "contact.propertyChange", "propertyChange"),
    ],
)
def test_a_conversion_gives(how: Any, value: Any, expected: Any):
    assert convert(how, value) == expected


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("text", [1]),
        ("lower", {"a": 1}),
        ("number", "1e999"),
        ("number", "12 people"),
        ("number", True),
        ("number", "NaN"),
        ("range start", "many"),
        ("boolean", "maybe"),
        ("instant", "yesterday"),
        ("instant", "/Date(x)/"),
        ("instant", "999999999999999"),
        ("seconds", 1e300),
        ("end of day", "2026-13-01"),
        ("salesforce id", "00q1a000001abcdEAS"),
        ("salesforce id", "short"),
    ],
)
def test_a_conversion_refuses_what_it_cannot_read(how: Any, value: Any):
    with pytest.raises(NotConverted) as refused:
        convert(how, value)
    assert refused.value.why
    assert refused.value.allowed


def test_a_value_is_told_not_known_or_not_spoken_of():
    facts = told(phone="", mail="-", size=None).facts
    assert facts["phone"].value is False
    assert facts["email"].value is None
    assert facts["employees"].value is None
    assert facts["visits"].value == 0
    assert facts["industry"].value == "logistics"
    bare = items(
        {"changes": [{"key": 1, "type": "person", "at": "2026-11-20", "mail": "x@y.example"}]}
    )
    assert set(bare[0].facts) == {"email"}


def test_the_first_place_that_holds_something_counts():
    assert told(size="", staff=[9]).facts["employees"].value == 9
    assert told(staff=[9]).facts["employees"].value == 64


def test_levels_are_looked_up_and_others_are_kept_and_named():
    assert told(branch=2).facts["industry"].value == "other"
    other = told(branch=77)
    assert other.facts["industry"].value == "77"
    assert other.unmapped == (("industry", "77"),)


def test_a_bad_value_is_named_with_its_place_and_loses_no_other():
    found = told(size="many")
    assert found.problems[0].place == "/people/0/size"
    assert found.problems[0].field == "employees"
    assert found.facts["email"].value == "a@b.example"
    assert "employees" not in found.facts


def test_only_what_is_listed_as_changed_is_told_even_if_it_is_empty():
    change = {"key": 1, "type": "person", "at": "2026-11-20", "mail": None, "size": None}
    [found] = items({"changes": [change | {"changed": ["mail", "staff"]}]})
    # `staff` was one of the places of employees, and it is empty now.
    assert {k: f.value for k, f in found.facts.items()} == {"email": None, "employees": None}


def test_a_record_without_an_id_or_an_instant_is_refused():
    [no_id] = items({"people": [{"at": "2026-11-20"}]})
    [no_time] = items({"people": [{"key": 1}]})
    assert isinstance(no_id, Wrong)
    assert no_id.problems[0].field == "id"
    assert isinstance(no_time, Wrong)
    assert no_time.problems[0].field == "told_at"


def test_what_is_told_of_the_far_future_is_left():
    [left] = items({"people": [PERSON | {"at": "2027-01-01"}]})
    assert isinstance(left, Left)
    assert "yet to come" in left.why


def test_an_outcome_that_does_not_say_since_when_is_none():
    [_, left] = items({"people": [PERSON | {"state": "won"}]})
    assert isinstance(left, Left)
    [_, won] = items({"people": [PERSON | {"state": "won", "won": "2026-11-19", "amount": "9"}]})
    assert won.event["at"] == "2026-11-19T23:59:59.000000Z"
    assert won.event["amount"] == 9.0
    change = {"key": 1, "type": "person", "at": "2026-11-20", "state": "won"}
    [since] = items({"changes": [change]})
    assert since.event["at"] == "2026-11-20T00:00:00.000000Z"


def test_an_activity_of_several_leads_is_one_of_each():
    visit = {"key": 5, "type": "visit", "at": "2026-11-20", "page": "pricing"}
    found = items({"changes": [visit | {"who": [2, 1], "when": "2026-11-19"}]})
    assert [f.event["lead_id"] for f in found] == ["p-1", "p-2"]
    assert [f.event["event_id"] for f in found] == ["v-5:p-1", "v-5:p-2"]
    assert all(isinstance(f, Happened) for f in found)
    for more, why in (
        ({"who": []}, "only what changed"),
        ({"who": [1], "when": "2026-12-01"}, "yet"),
        ({"who": [1]}, "only what changed"),
    ):
        [left] = items({"changes": [visit | more]})
        assert why in left.why


def test_what_is_of_no_shape_is_told():
    assert [i.place for i in items([1, {"people": []}])] == ["/0", "/1"]
    assert [i.place for i in items({"other": 1})] == [""]
    assert [i.place for i in items("text")] == [""]


WRONG = {
    "no such record": ({"shapes__0__types": {"person": "nobody"}}, "no record is called 'nobody'"),
    "no such type of id": ({"records__person__account": {"at": "/f", "of": "x"}}, "with ids"),
    "a place that is none": ({"records__person__fields__email": "mail"}, "is no pointer"),
    "no such conversion": (
        {"records__person__fields__email": {"at": "/mail", "as": "eval"}},
        "Input should be 'text'",
    ),
    "a prefix that begins no id": ({"records__person__prefix": "a b"}, "cannot begin an id"),
    "an instant read as text": ({"shapes__0__told_at": "/at"}, "an instant is read as"),
    "a condition that says two things": (
        {"shapes__0__when": [{"at": "/a", "in": [1], "present": True}]},
        "one of in, not_in and present",
    ),
    "a stage that is none": (
        {"records__person__outcomes": [{"stage": {"value": "dreamt"}}]},
        "no stage of the name 'dreamt'",
    ),
    "a stage without levels": ({"records__person__outcomes": [{"stage": "/s"}]}, "levels must say"),
    "a field that is no name": ({"records__person__fields": {"E-Mail": "/m"}}, "be a field's name"),
    "an unknown key": ({"records__person__run": "import os"}, "Extra inputs are not permitted"),
    "a value from nowhere": ({"records__person__fields__email": {}}, "where it stands"),
    "a leak": ({"records__person__fields__stage": "/lifecyclestage"}, "filled by conversion"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mapping_may_not_say(name: str):
    changes, why = WRONG[name]
    with pytest.raises(ValueError, match=why):
        small(**changes)


@pytest.mark.parametrize("crm", LEAKS)
def test_a_field_that_leaks_is_refused_until_somebody_answers_for_it(crm: str, tmp_path: Path):
    text = (Path(__file__).parents[2] / "serving/mappings" / f"{crm}.yaml").read_text()
    document = yaml.safe_load(text)
    record = next(r for r in document["records"].values() if r["is"] == "lead")
    leak = next(iter(LEAKS[crm])).replace("*", "x")
    inside = "/properties/" if crm == "hubspot" else "/"
    record["fields"]["closed"] = {"at": [inside + leak]}
    path = tmp_path / "leaky.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(DocumentRefused, match=r"closed: .* is .*accept_leaks"):
        read_mapping(path)
    answer = run("mapping", "check", path)
    assert answer.code == 3
    assert "must not look at it" in answer.err
    document["accept_leaks"] = {"closed": "it is known before in our company"}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    assert read_mapping(path).crm == crm


def test_leaks_named_by_the_vendors_are_known():
    named = {
        "hubspot": ["/properties/hs_date_entered_customer", "/properties/hs_lead_status"],
        "salesforce": ["/IsConverted", "/ConvertedAccountId", "/Probability", "/Rating"],
        "dynamics": ["/statecode/Value", "/_qualifyingopportunityid_value", "/msdyn_leadscore"],
        "odoo": ["/probability", "/date_closed", "/lost_reason_id/1"],
    }
    for crm, patterns in named.items():
        assert all(leak_of(crm, p) for p in patterns), crm
    assert leak_of("ours", "/hubspotscore")
    assert leak_of("hubspot", "/properties/jobtitle") is None


def test_a_workspace_decides_which_fields_count():
    fields = build.fields()
    found = told(firm="9", rep="tom", size="0.5", more=1)
    fitted = fit(found, fields)
    assert fitted.facts["account_id"].value == "f-9"
    assert fitted.facts["@owner"].value == "tom"
    assert [p.field for p in fitted.problems] == ["employees"]
    assert fitted.problems[0].place == "/people/0/size"
    assert fit(told(firm="a b"), fields).problems[-1].allowed.startswith("1 to 200")
    other = items({"people": [PERSON]}, small(records__person__fields={"won": "/x", "shoe": "/y"}))
    assert other == [Left("/people/0", "person", "Nothing of it is mapped.")]
    closed = items({"people": [PERSON | {"x": 1, "y": 2}]}, small(
        records__person__fields={"won": "/x", "shoe": "/y"}
    ))  # fmt: skip
    assert fit(closed[0], fields).ignored == ("won", "shoe")


def test_a_workspaces_own_mapping_wins(tmp_path: Path):
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "odoo.yaml").write_text(SMALL)
    (tmp_path / "mappings" / "ours.yaml").write_text(SMALL)
    (tmp_path / "mappings" / "Not a name.yaml").write_text("{}")
    assert [m.name for m in listed(tmp_path)] == [
        "dynamics", "hubspot", "odoo", "ours", "salesforce", "tryton",
    ]  # fmt: skip
    assert mapping_of(tmp_path, "odoo").title == "A small one"
    assert mapping_of(None, "odoo").crm == "odoo"
    assert mapping_of(tmp_path, "none") is None
    told = run("mapping", "list", "-w", tmp_path)
    assert "odoo        A small one (own)" in told.out
    assert run("mapping", "list", "-w", tmp_path, "--json").json[0]["name"] == "dynamics"


def test_check_shows_a_sample_and_its_exit_code_says_whether_all_of_it_counts(tmp_path: Path):
    (tmp_path / "fields.yaml").write_text(build.FIELDS)
    mapping = tmp_path / "ours.yaml"
    mapping.write_text(SMALL)
    sample = tmp_path / "payload.json"
    sample.write_text(json.dumps({"people": [PERSON]}))
    good = run("mapping", "check", mapping, "--sample", sample, "-w", tmp_path)
    assert (good.code, good.err) == (0, "")
    assert "lead 'p-1' as of 2026-11-20" in good.out
    sample.write_text(json.dumps({"people": [PERSON | {"size": "many"}]}))
    bad = run("mapping", "check", mapping, "--sample", sample, "-w", tmp_path, "--json")
    assert bad.code == 1
    assert bad.json[0]["errors"][0]["pointer"] == "/people/0/size"
    assert bad.json[0]["facts"]["email"] == "a@b.example"
    assert run("mapping", "check", mapping).code == 0
    assert run("mapping", "check", "nobody").code == 3
    assert run("mapping", "check", "odoo", "--sample", tmp_path / "none.json").code == 3
    sample.write_text("{")
    assert run("mapping", "check", "odoo", "--sample", sample).code == 3
