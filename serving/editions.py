"""Editions in the store: which is in force, how the store began, what the next is called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from features.errors import LeadpactError
from features.rulebook.document import Rulebook, parse_rulebook
from serving.storage.audit import AuditLog
from serving.storage.base import from_number, to_number
from serving.storage.locks import hold
from serving.storage.pact import EditionStore

PACT = "pact"
"""Held by whoever changes what is agreed: one outcome for two who do so at once."""
FILE, PROPOSAL = "file", "proposal"
SIGNED_IN_FILE = "Taken from rulebook.yaml, which says that it is signed; nobody signed it here."
UNSIGNED_FILE = "Taken from rulebook.yaml, which says that it is unsigned; nobody signed it here."
IN_BUNDLE = "Taken from the model's bundle, as there is no rulebook.yaml; nobody signed it here."
_NAME = re.compile(r"^(\d{4})\.(\d{1,6})$")


class EditionDamaged(LeadpactError):
    """A stored edition is not what was signed."""


class NoSuchEdition(LeadpactError):
    """The store holds no such edition."""


@dataclass(frozen=True)
class Edition:
    """An edition as stored.

    Attributes:
        name, sha256: of the text that was signed.
        rulebook: the text, read.
        effective_from, agreed_at: instants.
        source: `file` or `proposal`.
        proposal_id: which; None for the file's.
        note: how it came to be agreed.
    """

    name: str
    sha256: str
    rulebook: Rulebook
    effective_from: np.datetime64
    agreed_at: np.datetime64
    source: str
    proposal_id: str | None
    note: str


def read_edition(row: object) -> Edition:
    """A stored row as an edition, checked against its hash.

    Raises:
        EditionDamaged: when the text is not the one that was signed.
    """
    told = {k: getattr(row, k) for k in ("name", "sha256", "source", "proposal_id", "note")}
    text = str(row.text)  # type: ignore[attr-defined]
    if hashlib.sha256(text.encode()).hexdigest() != told["sha256"]:
        raise EditionDamaged(
            f"Edition {told['name']} in the store is not the text that was signed: its sha256 "
            "differs. Somebody changed the store behind the service's back; restore a back-up."
        )
    effective, agreed = row.effective_from, row.agreed_at  # type: ignore[attr-defined]
    book = parse_rulebook(text, f"edition {told['name']}")
    book = book.model_copy(update={"status": "signed"})
    return Edition(
        rulebook=book,
        effective_from=from_number(effective),
        agreed_at=from_number(agreed),
        **told,
    )


def in_force(connection: Connection, at: np.datetime64) -> Edition | None:
    """The edition in force at any past instant; None before the first."""
    row = EditionStore(connection).in_force(to_number(at))
    return None if row is None else read_edition(row)


def find_edition(connection: Connection, name: str) -> Edition:
    """The edition of a name or of a sha256.

    Raises:
        NoSuchEdition: when there is none.
    """
    row = EditionStore(connection).find(name)
    if row is None:
        raise NoSuchEdition(f"There is no edition {name[:64]!r}. GET /v1/editions lists them.")
    return read_edition(row)


def seed(connection: Connection, rulebook: Rulebook, note: str, now: np.datetime64) -> bool:
    """Begin an empty store with a rulebook, and say in `note` where it comes from; whether that
    was done."""
    hold(connection, [PACT])
    store = EditionStore(connection)
    if store.latest() is not None:
        return False
    row = {
        "name": rulebook.edition,
        "sha256": rulebook.fingerprint(),
        "text": rulebook.canonical(),
        # In force since ever: every score that is there was made with the file's text.
        "effective_from": 0,
        "agreed_at": to_number(now),
        "source": FILE,
        "note": note,
    }
    store.append(row)
    told = {"sha256": row["sha256"], "signed_in_file": note == SIGNED_IN_FILE}
    AuditLog(connection).append(now, "system", "edition seeded", f"edition {row['name']}", told)
    return True


def next_name(names: Iterable[str], now: np.datetime64) -> str:
    """The name of the next edition: the year and a number that no edition of it has."""
    year = str(now.astype("datetime64[Y]"))
    found = (_NAME.match(name) for name in names)
    used = [int(m[2]) for m in found if m is not None and m[1] == year]
    return f"{year}.{max(used, default=0) + 1}"
