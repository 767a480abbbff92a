"""What is true at Halden Software: how facts and intent decide a conversion, if a lead is worked.

`log-odds = INTERCEPT + fit + INTENT x intent + interactions`, where fit adds the effects below.
Whether a customer then stays hangs on other things than whether one is won: `STAYING`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats, Texts
from models.scale import sigmoid

INTERCEPT = -4.1
INTENT = 1.2
"""Log-odds of one standard deviation of intent, which no field holds and journeys betray."""

EFFECTS: Mapping[str, Mapping[str, float]] = {
    "size": {"under 50": -0.5, "50 to 199": 0.3, "200 to 999": 0.9, "1,000 or more": 0.2},
    "industry": {
        "logistics": 0.6,
        "manufacturing": 0.4,
        "retail": 0.1,
        "professional services": 0.0,
        "public sector": -0.4,
        "education": -0.6,
    },
    "level": {
        "chief": 0.4,
        "director": 0.5,
        "head": 0.6,
        "manager": 0.3,
        "expert": 0.0,
        "staff": -0.2,
        "student": -2.0,
    },
    "source": {
        "partner referral": 0.9,
        "webinar": 0.4,
        "event": 0.2,
        "web form": 0.1,
        "content download": 0.0,
        "paid search": -0.1,
        "social": -0.3,
        "list purchase": -0.9,
        "review site": 0.5,
    },
    "mailbox": {"corporate": 0.1, "free": -0.6},
    "budget date": {"yes": 0.7, "no": -0.2},
    "phone": {"yes": 0.25, "no": -0.1},
}
"""Additive effects in log-odds; a fact that is missing in the export still has its effect."""

REFERRED_HEAD = 0.6
"""Interaction: a referral to somebody who runs a department decides faster than either says."""
SMALL_CHIEF = -0.5
"""Interaction: the chief of a firm of under 50 is curious more often than in need."""

YEAR_DAYS = 365.0
STAYS = 1.4
"""Log-odds that a customer stays a year, before the effects of `STAYING`."""
STAYING: Mapping[str, Mapping[str, float]] = {
    "size": {"under 50": -0.8, "50 to 199": 0.0, "200 to 999": 0.4, "1,000 or more": 0.6},
    "source": {"partner referral": 0.6, "paid search": -0.7, "list purchase": -0.9},
}
"""Who is cheap to win is not who stays: the two teams' horizons part here."""


@dataclass(frozen=True)
class Facts:
    """What each lead is, before the export loses some of it. Arrays of shape (n,)."""

    size: Texts
    industry: Texts
    level: Texts
    source: Texts
    mailbox: Texts
    budget_date: Texts
    phone: Texts


def fit_log_odds(facts: Facts) -> Floats:
    """Log-odds from facts alone, interactions included, intercept not. Shape (n,)."""
    columns: dict[str, Any] = {
        "size": facts.size,
        "industry": facts.industry,
        "level": facts.level,
        "source": facts.source,
        "mailbox": facts.mailbox,
        "budget date": facts.budget_date,
        "phone": facts.phone,
    }
    total = np.zeros(len(facts.size))
    for name, effect in EFFECTS.items():
        total += np.array([effect[v] for v in columns[name]])
    referred = (facts.source == "partner referral") & np.isin(facts.level, ["head", "director"])
    curious = (facts.size == "under 50") & (facts.level == "chief")
    return np.asarray(total + REFERRED_HEAD * referred + SMALL_CHIEF * curious)


def stay_likelihood(facts: Facts) -> Floats:
    """To be a customer still a year after the win, if it comes to one. Shape (n,)."""
    size = np.array([STAYING["size"][v] for v in facts.size])
    source = np.array([STAYING["source"].get(v, 0.0) for v in facts.source])
    return np.asarray(sigmoid(STAYS + size + source))
