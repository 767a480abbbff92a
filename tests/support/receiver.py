"""A system that is told by webhooks: honest, failing, slow or lying, as a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.listening import Quiet, listening

Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


@dataclass
class Receiver:
    """What came, in order, and how the next is answered."""

    address: str = ""
    letters: list[tuple[dict[str, str], str]] = field(default_factory=list)
    answer: Answer | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What the letters say."""
        return [json.loads(body) for _, body in self.letters]

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [headers["webhook-id"] for headers, _ in self.letters]


def ok(handler: BaseHTTPRequestHandler, _told: dict[str, Any]) -> None:
    """Says that it has the letter."""
    status(handler, 204)


def status(handler: BaseHTTPRequestHandler, code: int, **headers: str) -> None:
    """Answers with a status."""
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def dripping(handler: BaseHTTPRequestHandler, _told: dict[str, Any]) -> None:
    """Answers a byte at a time, for ever."""
    while True:
        handler.wfile.write(b"H")
        handler.wfile.flush()
        time.sleep(0.05)


def endless(handler: BaseHTTPRequestHandler, _told: dict[str, Any]) -> None:
    """Says that it has the letter, and goes on talking."""
    status(handler, 200)
    while True:
        handler.wfile.write(b"x" * 65536)


@contextmanager
def receiving(answer: Answer = ok) -> Iterator[Receiver]:
    """A receiver on this machine."""
    receiver = Receiver(answer=answer)

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {k.lower(): v for k, v in self.headers.items()}
            with receiver.lock:
                receiver.letters.append((headers, body))
                how = receiver.answer or ok
            try:
                how(self, json.loads(body))
            except OSError:
                self.close_connection = True

    with listening(Handler) as address:
        receiver.address = f"{address}/hook"
        yield receiver
