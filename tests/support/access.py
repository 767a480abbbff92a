"""A small app behind the gate, with a clock that a test moves and people of every role."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from argon2 import PasswordHasher
from fastapi import Depends, FastAPI, Request
from starlette.testclient import TestClient

from serving.access import keys, people
from serving.access.gate import Gate
from serving.access.passwords import Passwords
from serving.access.permissions import PERMISSIONS
from serving.access.provider import Provider
from serving.access.rates import Rates
from serving.access.settings import AccessSettings
from serving.api.access import create_access_router
from serving.app import handle_errors
from serving.edges import Edge, Limits
from serving.guarding import allow, caller_of, install
from serving.pages import frame, sign_in
from serving.storage.database import Database
from serving.storage.migrate import migrate
from serving.telemetry import Telemetry

START = np.datetime64("2026-09-01T12:00:00", "us")
PASSWORD = "a barge full of green lanterns"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Costs that tests can pay."""


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: np.datetime64 = START
    seconds: float = field(default=0.0)

    def __call__(self) -> np.datetime64:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now = self.now + np.timedelta64(round(seconds * 1_000_000), "us")


def add_person(
    database: Database, email: str, role: str, name: str = "Ada Marsh", now: np.datetime64 = START
) -> str:
    """A person who has chosen `PASSWORD`; their id."""
    with database.transaction() as connection:
        _, link = people.add_person(connection, "test", email, name, role, now)
        return people.use_link(connection, link.secret, "", "", CHEAP.hash(PASSWORD), now)


class House:
    """A store, its gate and an app behind it."""

    def __init__(self, database: Database, make_session: Any = None, **settings: Any) -> None:
        import time

        migrate(database)
        self.database, self.clock = database, Clock()
        told = AccessSettings(**settings)
        provider = Provider(told, make_session) if told.has_oidc else None
        rates = Rates(told.requests_per_minute, time.time)
        self.gate = Gate(database, told, self.clock, Passwords(CHEAP), rates, provider)
        self.app = make_app(self.gate)

    def client(self, key: str | None = None) -> TestClient:
        """A browser, or a machine with a key; nobody's redirects are followed."""
        base = "https://house.test" if self.gate.settings.https else "http://house.test"
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return TestClient(self.app, base, follow_redirects=False, headers=headers)

    def key(self, role: str = "crm", scopes: list[str] | None = None) -> keys.NewKey:
        """A key of a role."""
        with self.database.transaction() as connection:
            return keys.make_key(connection, "test", "a key", role, scopes, None, self.clock())

    def person(self, email: str, role: str) -> str:
        """A person who has chosen `PASSWORD`; their id."""
        return add_person(self.database, email, role, now=self.clock())

    def signed_in(self, email: str) -> TestClient:
        """A browser in which this person has signed in."""
        browser = self.client()
        answer = type_password(browser, email, PASSWORD)
        assert answer.status_code == 303, answer.text
        return browser


def make_app(gate: Gate) -> FastAPI:
    """The routes of access, and one route a permission that only tells who asked."""
    app = FastAPI(redoc_url=None)
    handle_errors(app)
    install(app, gate)
    app.include_router(create_access_router())
    frame.mount(app)
    app.include_router(sign_in.router)
    for name in PERMISSIONS:
        _add(app, name)
    app.add_middleware(Edge, telemetry=Telemetry(), limits=Limits(100_000))
    return app


def _add(app: FastAPI, name: str) -> None:
    guards = [Depends(allow(name))]

    @app.api_route(f"/t/{name}", methods=["GET", "POST"], name=name, dependencies=guards)
    async def show(request: Request) -> str:
        return caller_of(request).actor


def token_in(html: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', html)
    assert found is not None, html
    return found[1]


def type_password(browser: TestClient, email: str, password: str, **more: str) -> Any:
    """Fill in the sign-in form, as a browser does."""
    page = browser.get("/sign-in")
    typed = {"email": email, "password": password, "form_token": token_in(page.text)}
    return browser.post("/sign-in", data=typed | more)
