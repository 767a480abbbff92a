"""A CRM's story through the client, from the first lead to its removal, and an admin's."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import httpx2
import pytest

from models.workspace import Workspace
from serving.answers import NotScored, RefusedLead, Score
from serving.client import (
    Conflict,
    Forbidden,
    InputRefused,
    LeadpactClient,
    NotFound,
    PreconditionFailed,
    Unauthenticated,
)
from serving.state import Worker
from tests.support.service import key_header, make_client, make_worker

LEAD = {
    "email": "ines.duarte@calder-voss.example",
    "job_title": "Head of Operations",
    "employees": 640,
    "industry": "logistics",
    "source": "webinar",
    "account_id": "A-1",
}


@pytest.fixture(scope="module")
def worker(trained: Workspace) -> Worker:
    return make_worker(trained)


@pytest.fixture(scope="module")
def opened(worker: Worker) -> Iterator[Callable[[str], LeadpactClient]]:
    """Makes clients with a key of a role, on a service with an empty store."""
    with make_client(worker, None) as http:

        def opened_for(role: str) -> LeadpactClient:
            key = key_header(worker.database, role)["authorization"].removeprefix("Bearer ")
            return LeadpactClient("", key, http=http)

        yield opened_for


def visit(lead_id: str, day: int, kind: str = "pricing_page") -> dict[str, Any]:
    at = f"2026-08-{day:02d}T09:00:00Z"
    return {"lead_id": lead_id, "occurred_at": at, "channel": "web", "kind": kind}


def test_a_leads_whole_story(opened: Callable[[str], LeadpactClient]):
    crm = opened("crm")
    first = crm.put_lead("4711", LEAD, owner="tom")
    assert (first.version, first.owner, first.score.lead_id) == (1, "tom", "4711")
    assert first.score.score_exact == crm.score(LEAD).score_exact
    told = crm.tell_activities(visit("4711", 30), visit("4711", 31), {"lead_id": "4711"})
    assert [r.status for r in told.results] == ["stored", "stored", "refused"]
    assert told.results[2].errors[0].pointer == "/activities/2/occurred_at"
    assert told.scores["4711"].score > first.score.score
    changed = crm.patch_lead("4711", {"employees": 90}, version=1)
    assert (changed.version, changed.owner, changed.fields["employees"]) == (2, "tom", 90)
    with pytest.raises(PreconditionFailed, match="version 2"):
        crm.put_lead("4711", LEAD, version=1)
    assert crm.get_lead("4711").score == changed.score
    assert crm.explanation("4711") == changed.score
    won = {"lead_id": "4711", "at": "2026-08-31T12:00:00Z", "stage": "accepted"}
    assert crm.tell_outcomes(won).results[0].status == "stored"
    assert crm.get_lead("4711").stage == "accepted"
    assert [e["what"] for e in crm.timeline("4711").events] == ["outcome", "activity", "activity"]
    history = list(crm.scores("4711", limit=1))
    assert [s.cause for s in history] == ["lead written", "activity", "lead written"]
    assert history[0].score_id == changed.score.score_id
    account = crm.account("A-1")
    assert (account.best_lead, account.score) == ("4711", changed.score.score)
    crm.remove_lead("4711")
    with pytest.raises(NotFound, match="PUT it first"):
        crm.get_lead("4711")


def test_what_would_lift_a_lead_and_what_comes_of_it(opened: Callable[[str], LeadpactClient]):
    crm = opened("crm")
    crm.put_lead("lift", {"employees": 90, "industry": "logistics"})
    found = crm.counterfactual("lift", goal={"score": 50}, alternatives=2)
    assert not found.reached
    cheapest = found.alternatives[0]
    added = [a.model_dump() for a in cheapest.add_activities]
    so = crm.what_if("lift", changes=cheapest.changes, add_activities=added)
    assert so.before.score == found.before.score < 50 <= so.after.score
    assert so.difference.points == pytest.approx(cheapest.difference.points)
    assert sum(m.points for m in so.moved) == pytest.approx(so.difference.points, abs=1e-6)
    more = crm.what_if(lead={"employees": 500}, points={"mid_size": 20})
    assert more.difference.points == pytest.approx(8.0)
    assert more.rulebook is not None
    assert more.rulebook.criteria[0].after == 20
    assert crm.counterfactual(lead=LEAD, goal={"grade": "A"}, most_changes=1).searched.sets > 3
    # Done for true, it scores as promised.
    crm.patch_lead("lift", cheapest.changes)
    if added:
        crm.tell_activities(*(a | {"lead_id": "lift"} for a in added))
    assert crm.get_lead("lift").score.score == cheapest.after.score


def test_lists_and_refusals(opened: Callable[[str], LeadpactClient]):
    crm = opened("crm")
    for i in range(5):
        crm.put_lead(f"list-{i}", {"employees": 300 + i}, owner="lena")
    mine = [one.id for one in crm.leads(owner="lena", limit=2)]
    assert mine == [f"list-{i}" for i in range(5)]
    assert len(crm.leads_page(owner="lena", limit=2).leads) == 2
    assert list(crm.leads(owner="lena", grades=["A"], max_score=1)) == []
    many = crm.score_many([{"lead": LEAD}, {"lead": {"employees": -1}}])
    assert [type(r) for r in many.results] == [Score, RefusedLead]
    with pytest.raises(InputRefused) as refused:
        crm.score({"employees": "many"})
    assert refused.value.problem.errors[0].allowed == "a number from 1 to 3,000,000, or null"
    assert crm.model()["versions"]["model"] == crm.score(LEAD).versions.model
    assert crm.me().role == "crm"
    with pytest.raises(Forbidden, match=re.escape("keys.manage")):
        crm.list_keys()


def test_an_admin_looks_after_keys_people_and_the_log(
    opened: Callable[[str], LeadpactClient], worker: Worker
):
    admin = opened("admin")
    made = admin.make_key("CRM", "crm", scopes=["score.ask"], expires_at="2030-01-01T00:00:00Z")
    assert made.id in {key.id for key in admin.list_keys()}
    assert admin.rotate_key(made.id).key != made.key
    admin.revoke_key(made.id)
    [revoked] = [key for key in admin.list_keys() if key.id == made.id]
    assert revoked.revoked_at is not None
    with make_client(worker, None) as http, pytest.raises(Unauthenticated):
        LeadpactClient("", made.key, http=http).me()
    link = admin.add_person("ada@house.example", "Ada Marsh", "sales")
    assert admin.renew_link(link.person_id).link != link.link
    admin.change_person(link.person_id, role="marketing")
    [ada] = [p for p in admin.list_people() if p.id == link.person_id]
    assert (ada.role, ada.has_password) == ("marketing", False)
    entries = list(admin.audit(limit=2))
    assert [e.seq for e in entries] == list(range(len(entries), 0, -1))
    assert len(entries) > 4
    assert len(admin.audit_page(limit=1).entries) == 1
    assert admin.verify_audit().whole


def test_what_a_person_asked_for_is_heeded(opened: Callable[[str], LeadpactClient]):
    crm, admin = opened("crm"), opened("admin")
    crm.put_lead("mia", {"email": "mia@elsewhere.example", "employees": 300})
    kept = crm.put_consent("mia", scoring=False, training=False)
    assert (kept.score, kept.not_scored, kept.consent.training) == (None, "opted-out", False)
    assert isinstance(crm.explanation("mia"), NotScored)
    for ask in (crm.what_if, crm.counterfactual):
        with pytest.raises(Conflict, match="does not want to be scored"):
            ask("mia")
    assert [lead["id"] for lead in admin.export_person("mia@elsewhere.example").leads] == ["mia"]
    assert admin.erase_person("mia@elsewhere.example").removed.leads == 1
    with pytest.raises(Conflict) as refused:
        crm.put_lead("mia", {"email": "mia@elsewhere.example"})
    assert refused.value.kind == "person-erased"
    with pytest.raises(Conflict, match="agreed since"):
        crm.put_lead("mia", {}, consent_given_at="2026-08-01T12:00:00Z")


def operations_of(client: type) -> dict[str, str]:
    """Operation id -> name of the method that calls it."""
    methods = inspect.getmembers(client, inspect.isfunction)
    return {m.operation: name for name, m in methods if hasattr(m, "operation")}


def described(worker: Worker) -> dict[str, tuple[str, str]]:
    """Operation id -> method and address, of everything under /v1."""
    with make_client(worker, None) as http:
        paths = http.get("/openapi.json").json()["paths"]
    return {
        told["operationId"]: (method.upper(), path)
        for path, methods in paths.items()
        for method, told in methods.items()
        if path.startswith("/v1/")
    }


def test_every_operation_of_the_service_has_a_method_of_the_client(worker: Worker):
    missing = described(worker).keys() - operations_of(LeadpactClient).keys()
    assert not missing, (
        f"Operations without a method of the client: {', '.join(sorted(missing))}. Write one in "
        "serving/client, marked @operation(...); serving/client/leads.py shows how."
    )


def test_every_method_of_the_client_calls_the_operation_it_names(worker: Worker):
    routes, asked = described(worker), []

    def note(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path))
        return httpx2.Response(404, json={})

    http = httpx2.Client(base_url="http://x", transport=httpx2.MockTransport(note))
    client = LeadpactClient("", None, http=http)
    for operation, name in operations_of(LeadpactClient).items():
        assert operation in routes, f"{name} calls {operation}, which the service does not have"
        method, path = routes[operation]
        given = arguments(getattr(client, name))
        with pytest.raises(NotFound):
            getattr(client, name)(**given)
        for parameter in re.findall(r"\{(\w+)\}", path):
            path = path.replace(f"{{{parameter}}}", str(given[parameter]))
        assert asked[-1] == (method, path), name


def arguments(method: Callable[..., Any]) -> dict[str, Any]:
    """Something for every parameter that has no default."""
    hints = get_type_hints(method)
    return {
        name: {str: f"some-{name}", bytes: b""}.get(hints[name], {})
        for name, told in inspect.signature(method).parameters.items()
        if told.default is told.empty
        and told.kind is not told.VAR_POSITIONAL
        and told.kind is not told.VAR_KEYWORD
    }
