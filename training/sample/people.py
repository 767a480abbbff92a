"""Accounts and the people in them: who becomes a lead, when, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import Flags, Floats, Ints, Texts, texts
from training.sample.truth import EFFECTS, Facts

TITLES: dict[str, tuple[str, ...]] = {
    "chief": ("CEO", "CFO", "COO", "Chief Information Officer", "Founder"),
    "director": ("Director of Operations", "IT Director", "VP Supply Chain", "Finance Director"),
    "head": ("Head of Operations", "Head of Logistics", "Head of IT", "Head of Planning"),
    "manager": ("IT Manager", "Operations Manager", "Procurement Manager", "Project Manager"),
    "expert": ("Senior Planner", "Solutions Architect", "Senior Buyer", "Consultant"),
    "staff": ("Planner", "Software Developer", "Buyer", "Analyst", "Accountant"),
    "student": ("Student", "Intern", "Working Student"),
}
LEVELS = tuple(TITLES)
_LEVEL_SHARES = np.array([0.08, 0.1, 0.14, 0.24, 0.14, 0.24, 0.06])
SIZES = ("under 50", "50 to 199", "200 to 999", "1,000 or more")
_SIZE_BOUNDS = np.array([50, 200, 1000])
INDUSTRIES = tuple(EFFECTS["industry"])
_INDUSTRY_SHARES = np.array([0.18, 0.22, 0.2, 0.2, 0.1, 0.1])
COUNTRIES = ("Germany", "France", "Netherlands", "Sweden", "United Kingdom", "Poland", "Spain")
_COUNTRY_SHARES = np.array([0.3, 0.18, 0.12, 0.1, 0.14, 0.09, 0.07])
SOURCES = tuple(EFFECTS["source"])
_EARLY = np.array([0.06, 0.12, 0.1, 0.22, 0.16, 0.14, 0.1, 0.1, 0.0])
_LATE = np.array([0.07, 0.14, 0.05, 0.18, 0.15, 0.15, 0.12, 0.04, 0.1])
"""Shares of sources at the beginning and at the end: review sites appear, bought lists fade."""
FREE_MAIL = ("gmail.com", "outlook.com", "gmx.de", "yahoo.com")
WISHES = ("a demo", "prices for 40 users", "replaces our spreadsheets", "an offer", "only looking")


@dataclass(frozen=True)
class People:
    """n leads, oldest first. Arrays of shape (n,).

    Attributes:
        account: code of the account, 0 to accounts - 1.
        day: days from the start of history to the lead's creation.
        facts: what is true of them.
        employees: headcount of the account.
        intent: standard normal, hidden; colleagues share a part of it.
    """

    account: Ints
    day: Floats
    facts: Facts
    employees: Ints
    country: Texts
    title: Texts
    wants: Texts
    opted_out: Texts
    intent: Floats


def draw_people(n: int, days: float, rng: np.random.Generator) -> People:
    """Draw n leads over `days` of history."""
    accounts = max(1, round(n / 2.5))
    account = rng.integers(0, accounts, n)
    # A little growth: the density of new leads rises by half over the history.
    u = rng.random(n)
    day = np.sort(days * (np.sqrt(1 + 1.25 * u) - 1) / 0.5)
    share = day / days
    employees = np.maximum(2, np.exp(rng.normal(4.7, 1.3, accounts))).astype(np.int64)
    industry = _pick(INDUSTRIES, _INDUSTRY_SHARES, accounts, rng)
    country = _pick(COUNTRIES, _COUNTRY_SHARES, accounts, rng)
    mood = rng.normal(0, 1, accounts)
    intent = np.sqrt(0.3) * mood[account] + np.sqrt(0.7) * rng.normal(0, 1, n)
    level = _pick(LEVELS, _LEVEL_SHARES, n, rng)
    level[rng.random(n) < 0.06 * share] = "student"
    size = texts(SIZES[i] for i in np.searchsorted(_SIZE_BOUNDS, employees[account], "right"))
    free = rng.random(n) < np.where(level == "student", 0.8, np.where(size == "under 50", 0.3, 0.1))
    facts = Facts(
        size=size,
        industry=industry[account],
        level=level,
        source=_sources(share, rng),
        mailbox=texts(np.where(free, "free", "corporate").tolist()),
        budget_date=_yes(rng.random(n) < 0.25 + 0.06 * intent),
        phone=_yes(rng.random(n) < 0.55 + 0.05 * intent),
    )
    title = texts(
        TITLES[v][i % len(TITLES[v])] for v, i in zip(level, rng.integers(0, 60, n), strict=True)
    )
    wishes = _pick(WISHES, np.array([0.2, 0.15, 0.2, 0.15, 0.3]), n, rng)
    wishes[rng.random(n) < 0.7] = None
    out = _yes(rng.random(n) < 0.02)
    return People(
        account, day, facts, employees[account], country[account], title, wishes, out, intent
    )


def _pick(of: tuple[str, ...], shares: Floats, n: int, rng: np.random.Generator) -> Texts:
    return texts(of[i] for i in rng.choice(len(of), n, p=shares / shares.sum()))


def _sources(share: Floats, rng: np.random.Generator) -> Texts:
    early, late = _EARLY / _EARLY.sum(), _LATE / _LATE.sum()
    mixed = early[None, :] * (1 - share[:, None]) + late[None, :] * share[:, None]
    picked = (rng.random(len(share))[:, None] > np.cumsum(mixed, axis=1)).sum(axis=1)
    return texts(SOURCES[i] for i in np.minimum(picked, len(SOURCES) - 1))


def _yes(flags: Flags) -> Texts:
    return texts(np.where(flags, "yes", "no").tolist())
