"""Passwords of local accounts: argon2id, as slow for an unknown account as for a known one."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from features.errors import Problem

LEAST, MOST = 12, 128
_AT_ONCE = 2
"""A hash takes 64 MiB: many at once, each asked for by anybody, would take the machine."""
_WORN = ("password", "passwort", "qwerty", "qwertz", "letmein", "welcome", "leadpact", "iloveyou")
_ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_SURPRISES, _KINDS = 6, 5


class Passwords:
    """Makes and checks hashes.

    Args:
        hasher: with the costs; argon2-cffi's defaults are those of RFC 9106, section 4,
            second choice: 64 MiB, 3 passes.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._nobodys: str | None = None

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with self._turns:
            return self._hasher.hash(_normal(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether a password is the one that was kept; None never matches, and takes as long."""
        if self._nobodys is None:
            self._nobodys = self.hash("nobody has this password")
        with self._turns:
            try:
                self._hasher.verify(kept or self._nobodys, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether a hash was made with other costs than those of today."""
        return self._hasher.check_needs_rehash(kept)


def password_problems(password: str, *about: str) -> list[Problem]:
    """Why a password is too easy to guess; `about` are the person's own name and address.

    Length counts, not kinds of characters (NIST SP 800-63B, 3.1.1.2).
    """
    why = _weakness(password, about)
    allowed = f"{LEAST} to {MOST} characters; a sentence is good"
    # What was typed never stands in a message.
    return [Problem("password", "a text", why, allowed, None, "/password")] if why else []


def _weakness(password: str, about: tuple[str, ...]) -> str:
    text = _normal(password).casefold()
    if not LEAST <= len(_normal(password)) <= MOST:
        return f"It has {len(_normal(password))} characters."
    left = text
    own = [w for told in about for w in told.casefold().replace("@", " ").split() if len(w) > 2]
    for word in (*_WORN, *own):
        left = left.replace(word, "")
    if _surprises(left) < _SURPRISES or len(set(text)) < _KINDS:
        return "It is made of what is guessed first: worn words, rows of keys, one's own name."
    return ""


def _surprises(text: str) -> int:
    """Characters that neither repeat the one before nor stand beside it in a row of keys."""
    return sum(not _follows(a + b) for a, b in zip(" " + text, text, strict=False))


def _follows(pair: str) -> bool:
    return pair[0] == pair[1] or any(pair in row or pair[::-1] in row for row in _ROWS)


def _normal(password: str) -> str:
    """The same on every keyboard: NFKC (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
