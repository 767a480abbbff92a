"""Halden Software, simulated: frames as a CRM would export them, and the truth kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import Floats, Texts, texts
from models.scale import sigmoid
from training.sample.journeys import Journeys, draw_journeys
from training.sample.people import FREE_MAIL, People, draw_people
from training.sample.sales import Handling, handle, sales_touches
from training.sample.truth import INTENT, INTERCEPT, fit_log_odds, stay_likelihood

START = datetime(2025, 3, 1, tzinfo=UTC)
MONTH_DAYS = 30.4375
MONTHS = 18


@dataclass(frozen=True)
class SampleCompany:
    """One simulated history.

    Attributes:
        leads: a row a lead, as exported; `proposal_status` is the planted leak.
        activities: lead_id, account_id, occurred_at, recorded_at, channel, kind, team, value.
        outcomes: lead_id, at, stage, amount, reason.
        truth: lead_id, `true_likelihood` (to convert within 90 days of creation if worked),
            `fit_log_odds`, `intent`, `worked`, `stay_likelihood` (a year, if won). Never an input
            to training.
    """

    leads: pd.DataFrame
    activities: pd.DataFrame
    outcomes: pd.DataFrame
    truth: pd.DataFrame


def simulate(
    n_leads: int = 20_000,
    *,
    seed: int = 7,
    months: int = MONTHS,
    exploration: float = 0.0,
    until: datetime | None = None,
) -> SampleCompany:
    """Simulate a company; the same arguments give the same frames.

    Args:
        n_leads: how many leads, 1 or more.
        seed: of everything random.
        months: how long it lasts.
        exploration: share of the leads that sales left behind which it then works by lot; the
            leads file marks them as `explored`.

        until: the day of the export, UTC: the history ends within the seven days before it, and
            all of it is recorded by then. None for the usual days, and the last delivery awaited.

    Raises:
        ValueError: when there are no leads or no months, or the share is none.
    """
    if not 0 <= exploration <= 1:
        raise ValueError(f"exploration is {exploration}; it is a share, 0 to 1")
    if n_leads < 1 or months < 1:
        raise ValueError(f"{n_leads} leads over {months} months: both must be 1 or more")
    rng = np.random.default_rng(seed)
    days = months * MONTH_DAYS
    people = draw_people(n_leads, days, rng)
    fit = fit_log_odds(people.facts)
    likelihood = sigmoid(INTERCEPT + fit + INTENT * people.intent)
    handling = handle(people, likelihood, fit, days, exploration, rng)
    end = np.minimum(handling.decided, days)
    start = START if until is None else _start_for(until, days)
    clock = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "us")
    touches = [draw_journeys(people, end, rng), sales_touches(people, handling, days, rng)]
    truth = pd.DataFrame(
        {
            "lead_id": lead_names(n_leads),
            "true_likelihood": likelihood,
            "fit_log_odds": fit,
            "intent": people.intent,
            "worked": handling.worked,
            "stay_likelihood": stay_likelihood(people.facts),
        }
    )
    leads = _leads(people, handling, clock, rng)
    if exploration:
        leads["explored"] = np.where(handling.explored, "yes", "no")
    return SampleCompany(
        leads=leads,
        activities=_activities(touches, people, clock, until),
        outcomes=_outcomes(handling, n_leads, clock),
        truth=truth,
    )


def _start_for(until: datetime, days: float) -> datetime:
    """When a history begins that ends within the seven days before an instant: whole weeks from
    the usual start, so that everything falls on the same days of the week."""
    weeks = (until - timedelta(days=days) - START) // timedelta(weeks=1)
    return START + timedelta(weeks=weeks)


def lead_names(n: int) -> Texts:
    """Ids of n leads, `L-000001` on."""
    return texts(f"L-{i + 1:06d}" for i in range(n))


def account_names(people: People) -> Texts:
    """Each lead's account, `A-00001` on."""
    return texts(f"A-{a + 1:05d}" for a in people.account)


def _instants(clock: np.datetime64, days: Floats) -> Any:
    at = clock + np.round(days * 86_400).astype("timedelta64[s]")
    return pd.to_datetime(at).tz_localize("UTC").as_unit("us")


def _texts_of(at: Any) -> Any:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _lost_in_export(column: Any, share: float, rng: np.random.Generator) -> Texts:
    kept = rng.random(len(column)) >= share
    return texts(v if k else None for v, k in zip(column, kept, strict=True))


def _leads(
    people: People, handling: Handling, clock: np.datetime64, rng: np.random.Generator
) -> pd.DataFrame:
    n, facts = len(people.day), people.facts
    free = rng.integers(0, len(FREE_MAIL), n)
    accounts = account_names(people)
    email = [
        f"lead-{i + 1:06d}@"
        + (FREE_MAIL[free[i]] if facts.mailbox[i] == "free" else f"{accounts[i].lower()}.example")
        for i in range(n)
    ]
    return pd.DataFrame(
        {
            "lead_id": lead_names(n),
            "account_id": _lost_in_export(accounts, 0.04, rng),
            "created_at": _texts_of(_instants(clock, people.day)),
            "email": _lost_in_export(email, 0.05, rng),
            "job_title": _noisy(_lost_in_export(people.title, 0.12, rng), rng),
            "employees": _lost_in_export(people.employees.astype(str), 0.15, rng),
            "industry": _lost_in_export(facts.industry, 0.08, rng),
            "country": people.country,
            "source": facts.source,
            "budget_date_given": _lost_in_export(facts.budget_date, 0.2, rng),
            "phone_given": facts.phone,
            "wants": people.wants,
            "opted_out": people.opted_out,
            "proposal_status": _leak(handling, rng),
        }
    )


def _noisy(titles: Texts, rng: np.random.Generator) -> Texts:
    how = rng.random(len(titles))
    return texts(
        t if t is None or h > 0.15 else t.lower() if h > 0.05 else f" {t.upper()} "
        for t, h in zip(titles, how, strict=True)
    )


def _leak(handling: Handling, rng: np.random.Generator) -> Texts:
    """The planted leak: a status that sales sets when the outcome is near or past."""
    n = len(handling.picked)
    noise = rng.random(n)
    won, lost = ~np.isnan(handling.won), ~np.isnan(handling.lost)
    status = np.select(
        [won & (noise > 0.05), lost & (noise > 0.4), noise < 0.01],
        ["signed", "declined", "sent"],
        "",
    )
    return texts(s or None for s in status.tolist())


def _activities(
    touches: list[Journeys], people: People, clock: np.datetime64, until: datetime | None
) -> pd.DataFrame:
    def joined(name: str) -> Any:
        return np.concatenate([getattr(t, name) for t in touches])

    recorded = _instants(clock, joined("recorded"))
    if until is not None:
        recorded = recorded.where(recorded <= until, pd.Timestamp(until))
    order = np.argsort(joined("day"), kind="stable")
    lead = joined("lead")[order]
    names = lead_names(len(people.day))
    accounts = account_names(people)
    return pd.DataFrame(
        {
            "lead_id": names[lead],
            "account_id": accounts[lead],
            "occurred_at": _instants(clock, joined("day")[order]),
            "recorded_at": recorded[order],
            "channel": joined("channel")[order],
            "kind": joined("kind")[order],
            "team": joined("team")[order],
            "value": joined("value")[order],
        }
    )


def _outcomes(handling: Handling, n: int, clock: np.datetime64) -> pd.DataFrame:
    names, parts = lead_names(n), []
    qualified = handling.picked + 0.4 * (np.fmin(handling.won, handling.lost) - handling.picked)
    stages = {
        "accepted": handling.picked,
        "returned": handling.returned,
        "qualified": qualified,
        "won": handling.won,
        "lost": handling.lost,
        "left": handling.left,
    }
    for stage, day in stages.items():
        rows = np.flatnonzero(~np.isnan(day))
        ends = stage in ("returned", "lost")
        parts.append(
            pd.DataFrame(
                {
                    "lead_id": names[rows],
                    "day": day[rows],
                    "stage": stage,
                    "amount": handling.amount[rows] if stage == "won" else np.nan,
                    "reason": handling.reason[rows] if ends else None,
                }
            )
        )
    told = pd.concat(parts).sort_values(["day", "lead_id"], kind="stable", ignore_index=True)
    told.insert(1, "at", _texts_of(_instants(clock, told.pop("day").to_numpy())))
    return told
