"""A Tryton without a Tryton: what the connector asks, answered from memory, and a road to the
service; on both, whoever asks can be killed after a write and before its answer."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from serving.connectors.tryton.rpc import instant_of, plain
from tests.support.listening import Quiet, listening

Row = dict[str, Any]
USER = 1
"""Who the connector is."""
_PLAIN = {"type": "char", "loading": "eager"}
_INSTANTS = ("last_modified_at", "create_date")
_OPERATORS = {
    "=": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
    "like": lambda a, b: a.startswith(b.rstrip("%")),
}


@dataclass
class TrytonAnswers:
    """Opportunities by their versions, and their notes.

    Attributes:
        versions: of each opportunity, instant and what is so since then, oldest first.
        most_notes: how many notes each search for them asked for at most.
        kill_after: the next call of this method, or of this address of the service, is done, and
            answered to nobody: the process `victim` is dead by then.
    """

    service: str
    address: str = ""
    versions: dict[int, list[tuple[str, Row]]] = field(default_factory=dict)
    notes: list[Row] = field(default_factory=list)
    most_notes: list[int | None] = field(default_factory=list)
    kill_after: str = ""
    victim: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_note(self, one: int, message: str, at: str, user: int = USER) -> None:
        """A note of an opportunity."""
        row = {"resource": f"sale.opportunity,{one}", "message": message, "create_uid": user}
        made = {"id": 1 + max((n["id"] for n in self.notes), default=0)}
        self.notes.append(made | row | {"create_date": at, "last_modified_at": at})

    def messages(self, one: int) -> list[str]:
        """What the notes of an opportunity say."""
        mine = f"sale.opportunity,{one}"
        return [n["message"] for n in self.notes if n["resource"] == mine]

    def call(self, method: str, params: list[Any]) -> Any:
        """What Tryton answers, values as they travel."""
        told = [plain(one) for one in params]
        name = method.removeprefix("model.").replace(".", "_")
        return getattr(self, f"_{name}")(*told)

    def _common_db_login(self, *_: Any) -> list[Any]:
        return [USER, "token", None]

    def _common_db_logout(self, *_: Any) -> None:
        return None

    def _res_user_get_preferences(self, *_: Any) -> Row:
        return {}

    def _sale_opportunity_fields_get(self, *_: Any) -> Row:
        return {"description": _PLAIN, "amount": _PLAIN, "start_date": _PLAIN}

    def _sale_opportunity_search_read(self, domain: Any, _from: int, most: int, *_: Any) -> Any:
        rows = [
            {"id": one, "last_modified_at": versions[-1][0]}
            for one, versions in self.versions.items()
        ]
        return _found(rows, domain)[:most]

    def _sale_opportunity_history_revisions(self, ids: list[int], *_: Any) -> list[Any]:
        return [[instant_of(at), one, USER] for one in ids for at, _ in self.versions[one]]

    def _sale_opportunity_read(self, ids: list[int], names: list[str], context: Row) -> list[Row]:
        at, rows = context["_datetime"], []
        for one in ids:
            told = [row for since, row in self.versions[one] if since <= at][-1]
            rows.append({"id": one} | {name: told.get(name) for name in names if "." not in name})
        return rows

    def _sale_opportunity_search(self, domain: Any, *_: Any) -> list[int]:
        return [row["id"] for row in _found([{"id": one} for one in self.versions], domain)]

    def _ir_email_search_read(self, *_: Any) -> list[Row]:
        return []

    def _ir_note_search_read(
        self, domain: Any, _from: int, most: int | None, order: Any, *_: Any
    ) -> list[Row]:
        self.most_notes.append(most)
        found = _found(self.notes, domain)
        if order == [["id", "ASC"]]:
            found.sort(key=lambda row: row["id"])
        return found[:most]

    def _ir_note_create(self, rows: list[Row], _context: Row) -> list[int]:
        for row in rows:
            one = int(row["resource"].partition(",")[2])
            self.add_note(one, row["message"], "2026-11-20T10:00:00.000000Z")
        return [note["id"] for note in self.notes[-len(rows) :]]

    def _ir_note_delete(self, ids: list[int], _context: Row) -> None:
        self.notes = [note for note in self.notes if note["id"] not in ids]


def _found(rows: list[Row], domain: Any) -> list[Row]:
    """Rows that a domain holds of, in the order of their last change."""
    kept = [row for row in rows if _holds(row, domain)]
    kept.sort(key=lambda row: (row.get("last_modified_at", ""), row["id"]))
    return [{k: instant_of(v) if k in _INSTANTS else v for k, v in row.items()} for row in kept]


def _holds(row: Row, domain: Any) -> bool:
    if domain and domain[0] == "OR":
        return any(_holds(row, one) for one in domain[1:])
    if domain and isinstance(domain[0], str):
        name, operator, value = domain
        return bool(_OPERATORS[operator](row[name], value))
    return all(_holds(row, one) for one in domain)


@contextmanager
def answering(service: str) -> Iterator[TrytonAnswers]:
    """Such a Tryton on this machine, at one address with the service."""
    company = TrytonAnswers(service)

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            with company.lock:
                if self.path.startswith("/v1/"):
                    name, (status, told) = self.path, self._pass_on(body)
                else:
                    asked = json.loads(body)
                    name = asked["method"].removeprefix("model.")
                    result = company.call(asked["method"], asked["params"])
                    status, told = 200, json.dumps({"id": asked["id"], "result": result}).encode()
                if name == company.kill_after:
                    company.kill_after = ""
                    os.kill(company.victim, signal.SIGKILL)
                    self.close_connection = True
                    return
            self._answer(status, told)

        do_GET = do_POST

        def _pass_on(self, body: bytes) -> tuple[int, bytes]:
            host = company.service.removeprefix("http://")
            skipped = ("host", "content-length", "connection", "accept-encoding")
            headers = {k: v for k, v in self.headers.items() if k.lower() not in skipped}
            with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
                connection.request(self.command, self.path, body or None, headers)
                found = connection.getresponse()
                return found.status, found.read()

        def _answer(self, status: int, told: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

    with listening(Handler) as address:
        company.address = address
        yield company
