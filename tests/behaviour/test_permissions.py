"""Every route of the service against the one table: who may ask, and who is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from models.workspace import Workspace
from serving.access.permissions import PERMISSIONS, PUBLIC, ROLES
from serving.guarding import route_permissions
from tests.support.service import key_header, make_app, make_worker

Routes = dict[tuple[str, str], str | None]


@pytest.fixture(scope="module")
def house(trained: Workspace) -> Iterator[tuple[TestClient, Routes, dict[str, dict[str, str]]]]:
    """The whole service, what its routes declare, and a key of every role."""
    worker = make_worker(trained)
    app = make_app(worker)
    keys = {role: key_header(worker.database, role) for role in ROLES}
    with TestClient(app, follow_redirects=False) as client:
        yield client, route_permissions(app), keys


def filled(path: str) -> str:
    """An address of this route, of a thing that is not there."""
    for name in ("lead_id", "account_id", "token", "edition", "model", "mapping", "step"):
        path = path.replace(f"{{{name}}}", "nothing")
    ours = ("key_id", "person_id", "proposal_id", "wish_id", "about_id", "handoff_id", "dispute_id")
    ours += ("job_id", "webhook_id", "view_id")
    for name in ours:
        path = path.replace(f"{{{name}}}", "0" * 16)
    return path


@pytest.mark.parametrize("role", ROLES)
def test_a_key_of_a_role_opens_what_the_table_says_and_nothing_else(
    house: tuple[TestClient, Routes, dict[str, dict[str, str]]], role: str
):
    client, routes, keys = house
    asked = 0
    for (method, path), permission in routes.items():
        if permission is None:
            continue
        asked += 1
        status = client.request(method, filled(path), headers=keys[role]).status_code
        told = PERMISSIONS[permission]
        if role in told.roles and not told.people_only:
            assert status not in (401, 403), (method, path, status)
        else:
            assert status == 403, (method, path, status)
    assert asked > 20


def test_nobody_is_let_in_without_a_key_except_where_anybody_may_be(
    house: tuple[TestClient, Routes, dict[str, dict[str, str]]],
):
    client, routes, _ = house
    for (method, path), permission in routes.items():
        answer = client.request(method, filled(path))
        if permission is None:
            assert path in PUBLIC
            assert answer.status_code < 500, (method, path)
            assert "www-authenticate" not in answer.headers, (method, path)
        elif answer.status_code == 303:
            assert answer.headers["location"].startswith("/sign-in"), (method, path)
        else:
            assert answer.status_code == 401, (method, path, answer.status_code)
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_every_parameter_of_an_address_is_filled(
    house: tuple[TestClient, Routes, dict[str, dict[str, str]]],
):
    _, routes, _ = house
    assert all("{" not in filled(path) for _, path in routes)
