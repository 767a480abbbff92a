"""The service against its own description: whatever is sent, it answers as documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import negative_data_rejection, positive_data_acceptance

from models.workspace import Workspace
from serving.access.permissions import ROLES
from serving.state import Worker
from tests.support.service import key_header, make_app, make_worker

FILES = ("application/x-ndjson", "text/csv", "application/vnd.apache.parquet", "application/yaml")
"""Bodies that are no JSON: described as text, and sent as whatever text is made up."""


@schemathesis.serializer(*FILES)
def as_file(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


SEED = 20261125
PACT = ("/rulebook", "/most_points", "/promises")
"""What is a rulebook, a time zone or a possible clock, no schema says."""
BEYOND = {"/expires_at", "/scopes", "/url", "/"}
LISTS = {"leads", "activities", "outcomes"}


@pytest.fixture(scope="session")
def worker(trained: Workspace) -> Worker:
    """A worker with small limits, so that generated calls reach them."""
    return make_worker(trained, max_leads=20, max_activities=20)


@pytest.fixture(scope="session")
def described(worker: Worker) -> schemathesis.BaseSchema:
    """The service's description."""
    return schemathesis.openapi.from_asgi("/openapi.json", make_app(worker))


def operations(described: schemathesis.BaseSchema) -> Iterator[schemathesis.APIOperation]:
    """Every operation; one that cannot be read fails the test."""
    for result in described.get_all_operations():
        yield result.ok()


def beyond_schemas(case: schemathesis.Case, answer: schemathesis.Response) -> list[Any]:
    """Checks that do not hold here, because a schema cannot say what decides."""
    body = case.body
    if case.path == "/v1/jobs" and answer.status_code == 202:
        # A file is bytes: there is none that is no text. What is in it the job tells.
        return [negative_data_rejection]
    if isinstance(body, dict) and LISTS & body.keys() and answer.status_code == 200:
        # In a list what is wrong is told in its place, and the rest is taken.
        return [negative_data_rejection]
    if answer.headers.get("content-type") == ["application/x-ndjson"]:
        # What is wrong with a line is told in its place.
        return [negative_data_rejection]
    if answer.status_code in (415, 422) and "file" in answer.json()["detail"]:
        # Whether a job needs a file, and of which kind, hangs on what is to be done.
        return [positive_data_acceptance]
    if answer.status_code == 422:
        wrong = {e["pointer"] for e in answer.json().get("errors", [])}
        if wrong and all(w in BEYOND or w.startswith(PACT) for w in wrong):
            # The clock says whether an instant has passed, the table what a role's key can have,
            # and no schema what is a host.
            return [positive_data_acceptance]
    return []


EXAMPLES = {"crm": 60, "admin": 30}
"""Calls of an operation in a mode; other roles differ in what is refused, so they make fewer."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_no_call_breaks_the_service_or_its_description(
    described: schemathesis.BaseSchema, worker: Worker, role: str, mode: GenerationMode
):
    headers = {} if role == "nobody" else key_header(worker.database, role)
    called = 0
    for operation in operations(described):
        if mode is GenerationMode.NEGATIVE and not list(operation.body):
            continue

        @seed(SEED)
        @settings(max_examples=EXAMPLES.get(role, 8))
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            nonlocal called
            called += 1
            answer = case.call(headers=headers)
            excluded = beyond_schemas(case, answer)
            case.validate_response(answer, headers=headers, excluded_checks=excluded)

        check()
    assert called > 20
