"""Secrets that the service makes: told once, kept as a hash.

They are 256 bits from the operating system, so one sha256 is enough: argon2 slows down guessing
of what people think up, and nobody guesses 2^256. A slow hash would cost every request
tens of milliseconds and would protect nothing more (OWASP ASVS 5.0, 11.4 on stored secrets).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid

_BYTES = 32


def new_secret() -> str:
    """43 characters that fit for addresses and headers."""
    return secrets.token_urlsafe(_BYTES)


def new_id() -> str:
    """A name that nobody had before: 16 hexadecimal characters."""
    return uuid.uuid4().hex[:16]


def hashed(secret: str) -> str:
    """What is kept of a secret: sha256 in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(told: str, kept: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(told.encode(), kept.encode())


def form_token(cookie: str) -> str:
    """The token of the forms of one browser: bound to the secret in its cookie.

    A signed double submit (OWASP, Cross-Site Request Forgery Prevention): another site
    can make a browser send the cookie, but can read neither it nor the form.
    """
    return hmac.new(cookie.encode(), b"leadpact form", hashlib.sha256).hexdigest()
