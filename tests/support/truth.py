"""What the simulated company's rules are truly worth: outcomes as expected, not as drawn.

A lead's true log-odds contain an intent that nobody records. What evidence can find out is how
conversion goes with what *is* recorded, among the leads that may teach: those that sales worked
and that were undecided at their snapshot. So the true points of a criterion are the projection
of the true log-odds onto criteria and fields over that population: the fit of `models.evidence`
to many companies' leads, each lead's outcome replaced by its expectation given everything,
intent included. Agreed points, priors and the order of claims (criteria before the features
that repeat them) are those of the fit in question; with some 140,000 leads the priors no longer
matter.

`every_lead` gives the same had sales worked every lead. Reps follow a hunch that no field holds,
so the two differ, and no fit to worked leads alone can know by how much.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from features.arrays import DAY, Floats, Table
from features.catalogue import Catalogue
from features.columns import created
from features.rulebook.document import Rulebook
from models.evidence.fit import EvidenceFit, fit_evidence
from models.evidence.owned import owned_by
from models.history import History, Leads
from models.workspace import Workspace
from training.dataset import Dataset, load_dataset
from training.evidence import history_of
from training.sample import simulate
from training.sample.sales import WIN_AFTER_DAYS, WIN_SPREAD
from training.sample.write import write_workspace

LAST_PICK_DAYS = 14.0
"""When a lead that sales never picked would have been: at the end of its patience."""


@dataclass(frozen=True)
class Expected:
    """A company's leads with what was to be expected of each.

    Attributes:
        dataset: the leads that may teach; with `every_lead` also those sales left behind.
        y: (n,) expected outcome, given that the lead was undecided at its snapshot.
        w: (n,) chance that the lead was undecided then, 1 where it is known to have been.
    """

    dataset: Dataset
    y: Floats
    w: Floats


def company(leads: int, seed: int) -> Dataset:
    """The history of one simulated company."""
    with tempfile.TemporaryDirectory() as folder:
        write_workspace(Path(folder), leads, seed)
        return load_dataset(Workspace(Path(folder)))


def expected(leads: int, seed: int, every_lead: bool = False) -> Expected:
    """One simulated company with expected outcomes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_workspace(folder, leads, seed)
        outcomes = pd.read_csv(folder / "outcomes.csv")
        if every_lead:
            outcomes = _all_picked(pd.read_csv(folder / "leads.csv"), outcomes)
            outcomes.to_csv(folder / "outcomes.csv", index=False)
        dataset = load_dataset(Workspace(folder))
    truth = simulate(leads, seed=seed).truth
    return _expected(dataset, outcomes, truth, every_lead)


def _all_picked(leads: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    left = leads[~leads.lead_id.isin(set(outcomes.lead_id))]
    picked = pd.to_datetime(left.created_at) + pd.Timedelta(days=LAST_PICK_DAYS)
    added = pd.DataFrame(
        {
            "lead_id": left.lead_id,
            "at": picked.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "stage": "accepted",
        }
    )
    return pd.concat([outcomes, added], ignore_index=True)


def _expected(
    dataset: Dataset, outcomes: pd.DataFrame, truth: pd.DataFrame, every_lead: bool
) -> Expected:
    ids = list(dataset.lead)
    accepted = outcomes[outcomes.stage == "accepted"].set_index("lead_id")["at"]
    came = created(dataset.snapshot.columns, dataset.fields)
    picked = pd.to_datetime(accepted.reindex(ids)).dt.tz_localize(None).to_numpy()
    wait, age = (picked - came) / DAY, (dataset.snapshot.as_of - came) / DAY
    known = truth.set_index("lead_id").loc[ids]
    q = known.true_likelihood.to_numpy(dtype=np.float64)
    fit = known.fit_log_odds.to_numpy(dtype=np.float64) - truth.fit_log_odds.mean()
    still_to_win, still_to_lose = _undecided(wait, age, fit)
    undecided = q * still_to_win + (1 - q) * still_to_lose
    worked = known.worked.to_numpy(dtype=bool)
    w = np.where(worked, 1.0, undecided) if every_lead else np.ones(len(q))
    return Expected(dataset, q * still_to_win / undecided, w)


def _undecided(wait: Floats, age: Floats, fit: Floats) -> tuple[Floats, Floats]:
    """Chance to be undecided `age` days after creation, for winners and for the others.

    The delays of `training.sample.sales.handle`, integrated instead of drawn.
    """
    later = norm.sf(np.log(age / WIN_AFTER_DAYS) / WIN_SPREAD)
    wins = np.where(wait + 2 > age, 1.0, later)
    gives_back = 1 / (1 + np.exp(0.6 + 0.9 * fit))
    returned_later = np.exp(-np.maximum(0.0, age - wait - 0.2) / 6.0)
    lost_later = np.exp(-np.maximum(0.0, age - 20.0) / 45.0)
    return wins, gives_back * returned_later + (1 - gives_back) * lost_later


def true_points(companies: Sequence[Expected]) -> tuple[Rulebook, EvidenceFit]:
    """The true points of the sample's rulebook, from many companies' expected outcomes."""
    first = companies[0].dataset
    parts = [history_of(e.dataset, first.rulebook, e.dataset.agreed) for e in companies]
    shared = [n for n in first.features.names if all(n in h.leads.features for h in parts)]
    columns: dict[str, Any] = {
        name: np.concatenate([h.leads.features[name] for h in parts]) for name in shared
    }
    leads = Leads(
        np.concatenate([h.leads.f0 for h in parts]),
        Table(sum(len(h) for h in parts), columns),
        np.concatenate([h.leads.criteria for h in parts]),
    )
    y, w = (np.concatenate([getattr(e, name) for e in companies]) for name in ("y", "w"))
    catalogue = Catalogue.of(first.fields, first.vocabulary)
    owned = owned_by(first.rulebook, catalogue, first.snapshot.seen.own)
    return first.rulebook, fit_evidence(History(leads, y, w), first.rulebook, owned)
