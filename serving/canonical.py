"""One text for one value: what is hashed, stored and compared."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def canonical(value: object) -> str:
    """JSON with sorted keys; equal values give equal texts, bit for bit."""
    return msgspec.json.encode(value, order="sorted").decode()


def sha256_of(value: object) -> str:
    """sha256 of the canonical text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def read(text: str) -> Any:
    """The value that `canonical` told."""
    return msgspec.json.decode(text)
