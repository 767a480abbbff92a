"""Agreed points of many leads: seconds for LEADS x 60 criteria.

`make bench-rules` prints them for a million leads with TOUCHES activities each. The leads and the
rules are made up: sixty criteria of every kind that the language has, over twelve fields.
"""

from __future__ import annotations

import os
import time

import numpy as np

from features.arrays import Column, Texts, texts
from features.rulebook.document import Rulebook, parse_rulebook
from features.rulebook.known import Facts
from features.rulebook.points import award, disqualified
from features.timeline import Touches

LEADS = int(os.environ.get("LEADS", "1000000"))
TOUCHES = float(os.environ.get("TOUCHES", "3"))
"""Activities a lead, on the average."""
INDUSTRIES = [f"industry {i}" for i in range(20)]
COUNTRIES = [f"country {i}" for i in range(60)]
SOURCES = ["webinar", "partner referral", "list purchase", "search", "fair", "website"]
MAILS = ["free", "corporate", "education", "invalid"]
LEVELS = ["student", "assistant", "chief", "director", "head", "manager", "expert", "staff"]
WISHES = ["prices for 40 users", "a demo", "cloud hosting", "an offer", "training", "support"]
KINDS = [f"kind_{i}" for i in range(16)]
CHANNELS = ["web", "email", "phone", "event"]


def rulebook() -> Rulebook:
    """An edition of sixty criteria."""
    rules: list[str] = []
    for low in (1, 20, 50, 200, 1000, 5000):
        rules.append(f"{{field: employees, between: [{low}, {low * 4}]}}")
        rules.append(f"{{field: visits, at_least: {low}}}")
    for name, level in (
        *(("industry", v) for v in INDUSTRIES[:4]),
        *(("country", v) for v in COUNTRIES[:4]),
        *(("source", v) for v in SOURCES[:3]),
        *(("email_kind", v) for v in MAILS[:2]),
        *(("level", v) for v in LEVELS[:4]),
    ):
        rules.append(f"{{field: {name}, in: [{level}, something else]}}")
    rules += [
        "{field: wants, contains: cloud}",
        "{field: wants, missing: true}",
        "{field: phone, is: true}",
        "{field: budget, is: true}",
        "{field: opted_out, is: true}",
        "{all: [{field: level, is: student}, {field: email_kind, is: free}]}",
        "{all: [{field: level, in: [chief, head]}, {field: employees, above: 200}]}",
        "{any: [{field: source, is: fair}, {field: budget, is: true}]}",
        "{all: [{field: phone, is: true}, {not: {field: country, is: country 3}}]}",
        "{first: {channel: event}}",
        "{last: {kind: kind_3}, within_days: 14}",
        "{activity: {any: true}, counting: channels, within_days: 90, at_least: 3}",
        "{not: {activity: {any: true}, within_days: 30}}",
        "{all: [{activity: {kind: kind_1}}, {field: level, is: chief}]}",
    ]
    plain = [f"{{activity: {{kind: {k}}}, within_days: 90}}" for k in KINDS[:9]]
    fading = [f"{{activity: {{kind: {k}}}, within_days: 60}}" for k in KINDS[9:]]
    made = [_criterion(i, when, "") for i, when in enumerate(rules + plain)]
    more = ", count: repeat, cap: 12, decay: {half_life_days: 14}"
    made += [_criterion(len(made) + i, when, more) for i, when in enumerate(fading)]
    assert len(made) == 60 - 1, len(made)
    made.append(_criterion(len(made), "{activity: {team: sales}, at_least: 2}", ""))
    text = "\n".join(made)
    return parse_rulebook(
        "edition: bench\nhand_over_from: 60\ngrades: {A: 60, B: 0}\n"
        "groups: {fit: {label: Fit, at_most: 50}, engagement: {label: Engagement, at_most: 30}}\n"
        f"criteria:\n{text}\n"
        "disqualifiers: [{id: out, says: Out, when: {field: opted_out, is: true}, route: reject}]\n"
    )


def _criterion(i: int, when: str, more: str) -> str:
    group = "engagement" if "activity" in when else "fit"
    return f" - {{id: c{i}, says: C{i}, group: {group}, points: {i % 9 - 3}, when: {when}{more}}}"


def facts(n: int, touches: float, seed: int = 0) -> Facts:
    """Made-up leads with activities."""
    rng = np.random.default_rng(seed)

    def pick(values: list[str], size: int, missing: float = 0.0) -> Texts:
        found = texts(values)[rng.integers(0, len(values), size)]
        found[rng.random(size) < missing] = None
        return found

    def flag() -> Column:
        return (rng.random(n) < 0.3).astype(np.float64)

    columns: dict[str, Column] = {
        "employees": np.exp(rng.normal(4.5, 1.5, n)).round(),
        "visits": rng.poisson(4, n).astype(np.float64),
        "industry": pick(INDUSTRIES, n, 0.1),
        "country": pick(COUNTRIES, n),
        "source": pick(SOURCES, n),
        "email_kind": pick(MAILS, n),
        "level": pick(LEVELS, n, 0.2),
        "wants": pick(WISHES, n, 0.7),
        "phone": flag(),
        "budget": flag(),
        "opted_out": flag(),
    }
    counts = rng.poisson(touches, n)
    row = np.repeat(np.arange(n), counts)
    t = len(row)
    age = rng.exponential(40.0, t)
    age = age[np.lexsort((-age, row))]
    own = Touches(
        n,
        row,
        age,
        pick(CHANNELS, t),
        pick(KINDS, t),
        pick(["marketing", "sales"], t),
        np.full(t, np.nan),
        texts(["x"])[np.zeros(t, dtype=np.int64)],
    )
    return Facts(n, columns, own)


def main() -> None:
    """Print the best of three."""
    book, leads = rulebook(), facts(LEADS, TOUCHES)
    seconds = []
    for _ in range(3):
        fresh = Facts(leads.n, leads.columns, leads.own)
        began = time.perf_counter()
        agreed = award(book, fresh)
        out = disqualified(book, fresh)
        seconds.append(time.perf_counter() - began)
    print(  # noqa: T201
        f"{LEADS:,} leads x {len(book.criteria)} criteria, {len(leads.own.row):,} activities: "
        f"{min(seconds):.2f} s (of {', '.join(f'{s:.2f}' for s in seconds)}); mean "
        f"{agreed.total.mean():.2f} points, {(out >= 0).mean():.0%} disqualified"
    )


if __name__ == "__main__":
    main()
