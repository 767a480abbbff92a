"""A real Tryton server with a company, on a free port; and people who work its opportunities."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2

from serving.connectors.tryton.rpc import Tryton
from tests.support.server import ROOT, free_port

BIN = ROOT / ".venv-tryton" / "bin"
DATABASE, USER, PASSWORD = "crm", "admin", "a-password-for-a-test"


@contextmanager
def tryton_server(folder: Path) -> Iterator[str]:
    """Make a database, start a server on it; gives its address and ends it."""
    port = free_port()
    config, word = folder / "tryton.conf", folder / "password"
    config.write_text(f"[database]\nuri=sqlite://\npath={folder}\n[web]\nlisten=127.0.0.1:{port}\n")
    word.write_text(PASSWORD)
    (folder / f"{DATABASE}.sqlite").touch()
    base = ["-c", str(config), "-d", DATABASE]
    making = ["--email", "a@example.com", "-u", "sale_opportunity", "--activate-dependencies"]
    _run([str(BIN / "trytond-admin"), *base, *making], TRYTONPASSFILE=str(word))
    script = ROOT / "tests" / "support" / "tryton_company.py"
    _run([str(BIN / "python"), str(script), str(config), DATABASE])
    process = subprocess.Popen(
        [str(BIN / "trytond"), *base], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(process, address)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _run(call: list[str], **more: str) -> None:
    told = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | more
    done = subprocess.run(call, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    for _ in range(300):
        assert process.poll() is None, f"trytond ended with {process.returncode}"
        try:
            httpx2.get(address, timeout=1)
        except httpx2.RequestError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("trytond was not ready within 30 seconds")


class Sellers:
    """What marketing and sales do in Tryton."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http
        self.tryton = Tryton(http, DATABASE, USER, PASSWORD)
        told = self.tryton.call("res.user.get_preferences", True)
        self.company, self.employee = told["company"], told["employee"]
        (self.currency,) = self.tryton.call("currency.currency.search", [])

    def lead(self, leads: Sequence[tuple[str, int, date]]) -> list[int]:
        """Create leads: description, amount, since when."""
        rows = [
            {
                "description": text,
                "amount": decimal(amount),
                "start_date": {"__class__": "date"} | _day(since),
                "currency": self.currency,
                "company": self.company,
                "conversion_probability": 0.5,
            }
            for text, amount, since in leads
        ]
        found: list[int] = self.tryton.call("sale.opportunity.create", rows)
        return found

    def take_up(self, ids: list[int]) -> None:
        """Sales takes leads up: from now on they have a customer and a seller."""
        person = {"name": "A customer", "addresses": [["create", [{}]]]}
        (party,) = self.tryton.call("party.party.create", [person])
        told = {"party": party, "employee": self.employee}
        self.tryton.call("sale.opportunity.write", ids, told)
        self.tryton.call("sale.opportunity.opportunity", ids)

    def win(self, ids: list[int]) -> None:
        """Convert, quote and confirm."""
        self.take_up(ids)
        self.tryton.call("sale.opportunity.convert", ids)
        wanted = [["origin", "in", [f"sale.opportunity,{one}" for one in ids]]]
        sales = self.tryton.call("sale.sale.search", wanted)
        line = {"description": "A year", "quantity": 1, "unit_price": decimal(900)}
        self.tryton.call("sale.line.create", [line | {"sale": sale} for sale in sales])
        self.tryton.call("sale.sale.quote", sales)
        self.tryton.call("sale.sale.confirm", sales)

    def lose(self, ids: list[int], why: str = "Too dear") -> None:
        """Take up and lose."""
        self.take_up(ids)
        self.tryton.call("sale.opportunity.write", ids, {"lost_reason": why})
        self.tryton.call("sale.opportunity.lost", ids)

    def cancel(self, ids: list[int]) -> None:
        """It was no lead."""
        self.tryton.call("sale.opportunity.cancel", ids)

    def note(self, one: int, text: str) -> int:
        """Write a note."""
        row = {"resource": f"sale.opportunity,{one}", "message": text}
        (found,) = self.tryton.call("ir.note.create", [row])
        return int(found)

    def notes(self, ids: list[int]) -> dict[int, list[str]]:
        """The notes of opportunities, as people read them."""
        wanted = [["resource", "in", [f"sale.opportunity,{one}" for one in ids]]]
        names, order = ["resource", "message"], [["id", "ASC"]]
        found: dict[int, list[str]] = {one: [] for one in ids}
        for row in self.tryton.call("ir.note.search_read", wanted, 0, None, order, names):
            found[int(row["resource"].partition(",")[2])].append(row["message"])
        return found

    def states(self, ids: list[int]) -> dict[int, str]:
        """Where opportunities stand."""
        rows: list[dict[str, Any]] = self.tryton.call("sale.opportunity.read", ids, ["state"])
        return {row["id"]: row["state"] for row in rows}


def decimal(number: int) -> dict[str, Any]:
    """A number as Tryton takes it."""
    return {"__class__": "Decimal", "decimal": str(number)}


def _day(told: date) -> dict[str, int]:
    return {"year": told.year, "month": told.month, "day": told.day}
