"""What people type about themselves and others, checked."""

from __future__ import annotations

import re

from features.errors import InputRefused, Problem, shorten
from serving.access.permissions import ROLES
from serving.storage.access_tables import MAX_EMAIL, MAX_NAME

_UNSEEN = r"\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
"""Control characters, and those that are not seen or turn what follows around."""
NAME = f"^[^\\s{_UNSEEN}]([^{_UNSEEN}]*[^\\s{_UNSEEN}])?$"
_NAME = re.compile(NAME)
_EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*$")


def normal_email(told: str) -> str:
    """An e-mail address as it is kept and compared."""
    return told.strip().lower()


def email_problems(told: str) -> list[Problem]:
    """What is wrong with an e-mail address."""
    if _EMAIL.match(told) and told.isprintable() and len(told) <= MAX_EMAIL:
        return []
    allowed = f"such as ada@example.com, at most {MAX_EMAIL} characters"
    return [_problem("email", told, "This is no e-mail address.", allowed)]


def name_problems(told: str) -> list[Problem]:
    """What is wrong with a name of a person or a key."""
    if _NAME.fullmatch(told.strip()) and len(told) <= MAX_NAME:
        return []
    allowed = f"1 to {MAX_NAME} characters, none of them a control character or unseen"
    return [_problem("name", told, "A name was expected.", allowed)]


def role_problems(told: str) -> list[Problem]:
    """What is wrong with a role."""
    if told in ROLES:
        return []
    return [_problem("role", told, "There is no such role.", ", ".join(ROLES))]


def scope_problems(told: list[str], possible: frozenset[str]) -> list[Problem]:
    """What is wrong with the permissions to which a key is narrowed."""
    bad = [s for s in told if s not in possible]
    allowed = ", ".join(sorted(possible))
    if not told:
        return [_problem("scopes", "[]", "A key without any permission opens nothing.", allowed)]
    return [_problem("scopes", s, "A key of this role cannot have it.", allowed) for s in bad]


def refuse(problems: list[Problem]) -> None:
    """Raise all that is wrong, if anything is.

    Raises:
        InputRefused: with every problem.
    """
    if problems:
        raise InputRefused(" ".join(p.sentence() for p in problems), problems)


def _problem(field: str, got: str, why: str, allowed: str) -> Problem:
    return Problem(field, shorten(got), why, allowed, None, f"/{field}")
