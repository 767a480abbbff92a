"""E-mail addresses as they are kept: never whole. What a feature needs, and a hash to find by."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from features.columns import readable
from features.contact import domain_only
from features.fields import Fields
from features.values import is_missing

MAX_ADDRESS = 254
"""Characters of an address (RFC 5321, section 4.5.3.1.3, less the brackets)."""
ADDRESS = r"^[^@\s\u0000-\u001f\u2026]{1,189}@[^@\s\u0000-\u001f\u2026]{1,64}$"
"""The form of an address that a person can be found by; not of one that was cut down."""
_ADDRESS = re.compile(ADDRESS)
_INSIDE = re.compile(r"""[^\s@<>()\[\],;:"'\\]{1,64}@(?=[\w-])[\w.-]{1,190}\.\w{2,63}""")
"""An address inside a text, as people write one."""


def address_hash(address: str) -> str:
    """By which a person is found: sha256 of the address in lower case, without blanks around it."""
    return hashlib.sha256(bare(address).encode()).hexdigest()


def lead_hash(lead_id: str) -> str:
    """By which an erased lead is known again, its id forgotten."""
    return hashlib.sha256(f"lead {lead_id}".encode()).hexdigest()


def bare(address: str) -> str:
    """An address as it is compared."""
    return address.strip().casefold()


def is_address(text: str) -> bool:
    """Whether a text can be a person's address, to be looked for."""
    return _ADDRESS.match(text.strip()) is not None


def addresses_in(text: str) -> list[str]:
    """The addresses that stand in a text, but for those that were cut down."""
    found = _INSIDE.findall(text) if "@" in text else []
    return [a for a in found if is_address(a)]


def addresses_in_id(text: str) -> list[str]:
    """The addresses that an id may hold: what stands before one, as in `open-ines@...`, may be a
    part of it or not, so every reading counts."""
    return [whole[start:] for whole in addresses_in(text) for start in _starts(whole)]


def _starts(address: str) -> list[int]:
    local = address.rpartition("@")[0]
    return [0, *(m.end() for m in re.finditer("[-_=/]", local) if m.end() < len(local))]


def carries(text: str, address: str) -> bool:
    """Whether an address stands in a text as a whole: in neither `an.ines@x.example` nor
    `ines@x.example.org` does `ines@x.example`; in `open-ines@x.example-7` it does."""
    whole = rf"(?<![^\W_])(?<![.+%]){re.escape(address)}(?![^\W_]|\.[^\W_])"
    return re.search(whole, text, re.IGNORECASE) is not None


def without_addresses(text: str) -> str:
    """A text with every address in it cut down to its domain."""
    return _INSIDE.sub(lambda found: domain_only(found[0]), text) if "@" in text else text


def keep_domains(lead: dict[str, Any], fields: Fields) -> list[str]:
    """Cut every address in a lead's fields down to its domain, in place.

    Returns:
        the hashes of the lead's own addresses: those that stand in fields of the format `email`.
        One cut down before, as a PATCH meets it again, has none.
    """
    own: list[str] = []
    for field in readable(fields):
        value = lead.get(field.name)
        if not isinstance(value, str) or field.type not in ("text", "category"):
            continue
        if field.format != "email":
            lead[field.name] = without_addresses(value)
        elif not is_missing(field, value):
            told = {value} if is_address(value) else set()
            own += [address_hash(a) for a in sorted(told | set(addresses_in(value)))]
            lead[field.name] = domain_only(value)
    return own
