"""What an e-mail address and a job title tell, without keeping either."""

from __future__ import annotations

import re

FREE = frozenset(
    """
    126.com 163.com aol.com bol.com.br fastmail.com free.fr freenet.de gmail.com gmx.at gmx.com
    gmx.de gmx.net googlemail.com hotmail.co.uk hotmail.com hotmail.de hotmail.fr icloud.com
    laposte.net libero.it live.com mac.com mail.com mail.ru me.com msn.com naver.com o2.pl
    orange.fr outlook.com outlook.de proton.me protonmail.com qq.com rediffmail.com seznam.cz
    t-online.de tutanota.com uol.com.br virgilio.it wanadoo.fr web.de wp.pl yahoo.co.uk yahoo.com
    yahoo.de yahoo.fr yahoo.in yandex.ru ymail.com zoho.com
    """.split()  # noqa: SIM905  # a column of domains reads better than quoted ones
)
_EDUCATION = re.compile(r"\.edu(\.[a-z]{2})?$|\.ac\.[a-z]{2}$|(^|\.)(uni|student|studenti)[-.]")


def email_kind(address: str) -> str:
    """`free`, `education`, `corporate`, or `invalid`: the kind of mailbox, by its domain.

    The address itself is not kept.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    if not at or not local or "." not in domain or " " in address.strip():
        return "invalid"
    if domain in FREE:
        return "free"
    return "education" if _EDUCATION.search(domain) else "corporate"


_CUT = "\N{HORIZONTAL ELLIPSIS}"
_NOBODYS = {
    "free": f"{_CUT}@gmx.net",
    "education": f"{_CUT}@uni.example",
    "corporate": f"{_CUT}@company.example",
}


def domain_only(address: str) -> str:
    """An address of the same kind without its mailbox, such as `...@calder-voss.example`."""
    if email_kind(address) == "invalid":
        return _CUT
    return f"{_CUT}@{address.strip().lower().rpartition('@')[2]}"


def kind_only(address: str) -> str:
    """An address of the same kind that is nobody's, such as `...@company.example`."""
    return _NOBODYS.get(email_kind(address), _CUT)


# The first that matches decides; order goes from what settles a title to what merely hints.
_SENIORITY = (
    ("student", r"\bstudent|\bintern\b|\btrainee|\bapprentice|werkstudent|praktikant"),
    ("assistant", r"\bassistant\b(?! (vice|director|manager))|\bsecretary\b"),
    ("chief", r"\bc[efiotmprsd]o\b|\bchief\b|\bfounder|\bowner\b|\bpresident\b(?<!vice president)"),
    ("director", r"\bdirector|\bvp\b|\bvice president|\bsvp\b|\bevp\b|gesch.ftsf.hr"),
    ("head", r"\bhead\b|\bleiter"),
    ("manager", r"\bmanager|\bmgr\b|\blead\b|\bsupervisor|\bteam ?lead"),
    ("expert", r"\bsenior\b|\bsr\.?\b|\bprincipal|\barchitect|\bexpert|\bspecialist|\bconsultant"),
)
_FUNCTION = (
    ("IT", r"\bit\b|\bcio\b|\bcto\b|software|develop|engineer|data|technolog|system|informati"),
    ("finance", r"financ|\bcfo\b|account(?!s? (exec|manag|dir))|controll|treasur|audit"),
    ("marketing", r"market|\bcmo\b|brand|content|communicat|growth"),
    ("sales", r"\bsales|\bcro\b|business develop|accounts? (exec|manag|dir)|revenue"),
    ("HR", r"\bhr\b|human res|people|talent|recruit"),
    ("purchasing", r"purchas|procure|buyer|sourcing|supply"),
    ("operations", r"operat|\bcoo\b|logist|production|plant|plan|project|process|quality"),
    ("general management", r"\bceo\b|founder|owner|managing|general manager|president"),
)
KINDS = ("free", "education", "corporate", "invalid")
SENIORITIES = (*(name for name, _ in _SENIORITY), "staff")
FUNCTIONS = (*(name for name, _ in _FUNCTION), "other")
"""All that `email_kind`, `seniority` and `job_function` ever tell."""
_LEVELS = tuple((name, re.compile(pattern)) for name, pattern in _SENIORITY)
_WORK = tuple((name, re.compile(pattern)) for name, pattern in _FUNCTION)


def seniority(title: str) -> str:
    """The level a job title tells: student, assistant, chief, director, head, manager, expert,
    or staff where none of these is told."""
    return _first(_LEVELS, title, "staff")


def job_function(title: str) -> str:
    """The line of work a job title tells: IT, finance, marketing, sales, HR, purchasing,
    operations, general management, or other."""
    return _first(_WORK, title, "other")


def _first(patterns: tuple[tuple[str, re.Pattern[str]], ...], title: str, default: str) -> str:
    bare = " ".join(title.lower().split())
    return next((name for name, pattern in patterns if pattern.search(bare)), default)
