"""The service against its own description: whatever is sent, it answers as documented."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import negative_data_rejection

from models.workspace import Workspace
from serving.app import create_app
from serving.state import Desk
from tests.support.service import make_worker

SEED = 20261125
LISTS = {"leads", "activities", "outcomes"}


@pytest.fixture(scope="session")
def described(trained: Workspace) -> schemathesis.BaseSchema:
    """The service's description, with small limits so that generated calls reach them."""
    app = create_app(Desk(make_worker(trained, max_leads=20, max_activities=20)))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


def operations(described: schemathesis.BaseSchema) -> Iterator[schemathesis.APIOperation]:
    """Every operation; one that cannot be read fails the test."""
    for result in described.get_all_operations():
        yield result.ok()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_call_breaks_the_service_or_its_description(
    described: schemathesis.BaseSchema, mode: GenerationMode
):
    called = 0
    for operation in operations(described):
        if mode is GenerationMode.NEGATIVE and not list(operation.body):
            continue

        @seed(SEED)
        @settings(max_examples=80)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            nonlocal called
            called += 1
            answer = case.call()
            listed = isinstance(case.body, dict) and LISTS & case.body.keys()
            # In a list what is wrong is told in its place, and the rest is taken.
            expected = [negative_data_rejection] if listed and answer.status_code == 200 else []
            case.validate_response(answer, excluded_checks=expected)

        check()
    assert called > 20
