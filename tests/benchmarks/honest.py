"""What open and unworked leads teach, on a company whose truth is known. `make bench-honest`.

    python tests/benchmarks/honest.py [--companies 6] [--boosters] [--json FILE]

*Open leads*: the company's export as of a day in its past teaches; leads looked at after that day
are predicted. Four ways with leads that are too young to be lost: count them as lost, drop them,
weight those that have converted (IPCW, `training.censoring`), and delayed feedback (Chapelle 2014):
soft labels by expectation-maximisation, an open lead a conversion with `p (1 - F) / (1 - p F)`, F
the share of conversions that come within its age.

*Unworked leads*: the mean likelihood told of leads that sales never worked, against their true one.
Sales picks by what is recorded and by a hunch that is not. Three ways: count them as lost, trust a
model of worked leads, and correct it by leads that were worked by lot (`training.selection`).

*Amounts*: of the newest 30 % of won leads, how many brought an amount within its 90 % interval
(`training.worth`), and how far off a told log amount is beside telling everybody the same.

Markdown on standard output, figures in .bench/honest.json; 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script from anywhere

from features.arrays import Floats, days_between
from models.bayes import log_loss_of
from models.ladder import LadderClassifier
from models.scale import sigmoid
from models.workspace import Workspace
from tests.support.cut import afterwards, as_exported, days, read_company
from tests.support.real import ROOT
from training.censoring import teaching
from training.cohort import Cohort
from training.dataset import Dataset, load_dataset
from training.evaluate import new_ladder
from training.labels import OPEN, UNWORKED, Outcomes
from training.sample import write_workspace
from training.selection import left_behind
from training.worth import try_worth

DAYS_OF_HISTORY, LEADS = (210, 330), (600, 2000, 20_000)
EXPLORED = ((8000, 0.02), (8000, 0.05), (8000, 0.10), (2000, 0.10))
MUST = {(8000, 0.05), (8000, 0.10), (2000, 0.10)}
"""Where the bias must be at most a third of that of counting the unworked as lost, or within one
standard error of it: a lot of a hundred leads holds two conversions."""
_ROUNDS = 4


@dataclass(frozen=True)
class How:
    """What every fit of this benchmark shares."""

    boosters: bool

    def ladder(self, dataset: Dataset) -> LadderClassifier:
        """An unfitted ladder."""
        return new_ladder(dataset, 1, 0).set_params(boosters=self.boosters)


def place(cohort: Cohort) -> Floats:
    """Where leads stand in time, as `Dataset.order` has it. Shape (n,)."""
    return cohort.snapshot.as_of.astype(np.int64) / 86_400_000_000


def open_leads(companies: int, how: How) -> Iterator[dict[str, Any]]:
    """Losses on later leads, per company, days of history, number of leads and way."""
    for company in range(companies):
        with tempfile.TemporaryDirectory() as folder:
            write_workspace(Path(folder), 14_000, 500 + company)
            fields, rulebook, taken = read_company(Path(folder))
        created = taken.columns["created_at"]
        full = as_exported(fields, rulebook, taken, created.max() + days(1))
        for back in DAYS_OF_HISTORY:
            day = created.min() + days(back)
            came = taken.columns["lead_id"][created <= day]
            mixed = np.random.default_rng(company).permutation(came)
            for n in LEADS:
                past = as_exported(fields, rulebook, taken, day, mixed[:n])
                later, y = afterwards(full, past)
                frame = later.frame()
                assert taken.outcomes is not None
                for way, ladder in four_ways(past, taken.outcomes, how):
                    loss = float(log_loss_of(ladder.decision_function(frame), y).mean())
                    told = {"days": back, "leads": n, "known": past.n, "company": company}
                    yield told | {"way": way, "log_loss": loss}


def four_ways(
    past: Dataset, outcomes: Outcomes, how: How
) -> Iterator[tuple[str, LadderClassifier]]:
    """The same history, taught in four ways."""
    dropped = how.ladder(past).fit(past.frame(), past.y, order=past.order)
    yield "dropped", dropped
    yield "weighted", teaching(past).fit(how.ladder(past))
    worked = set(outcomes.lead[outcomes.at <= past.history_until])
    at_work = np.array([lead in worked for lead in past.others.lead], dtype=bool)
    seen = past.others.take(np.flatnonzero((past.others.state == OPEN) & at_work))
    won = seen.take(np.flatnonzero(~np.isnan(seen.delay)))
    still = seen.take(np.flatnonzero(np.isnan(seen.delay)))
    y = np.concatenate([past.y, np.ones(won.n), np.zeros(still.n)])
    order = np.concatenate([past.order, place(won), place(still)])  # type: ignore[list-item]
    X = pd.concat([past.frame(), won.frame(), still.frame()], ignore_index=True)
    yield "as lost", how.ladder(past).fit(X, y, order=order)
    yield "delayed feedback", soft_labels(past, (X, y, order), still, dropped, how)


def soft_labels(
    past: Dataset,
    told: tuple[pd.DataFrame, Floats, Floats],
    still: Cohort,
    first: LadderClassifier,
    how: How,
) -> LadderClassifier:
    """Expectation-maximisation: leads still open count as both, by how likely either is."""
    X, y, order = told
    asked = X.iloc[len(y) - still.n :]
    ages = days_between(np.full(still.n, past.history_until), still.snapshot.as_of)
    delays = np.sort(past.delay[past.y == 1])
    F = np.searchsorted(delays, ages, side="right") / len(delays)
    ladder = first
    for _ in range(_ROUNDS):
        p = sigmoid(ladder.decision_function(asked))
        converts = np.clip(p * (1 - F) / (1 - p * F), 1e-6, 1 - 1e-6)
        w = np.concatenate([np.ones(len(y) - still.n), 1 - converts, converts])
        ladder = how.ladder(past).fit(
            pd.concat([X, asked], ignore_index=True),
            np.concatenate([y, np.ones(still.n)]),
            w,
            order=np.concatenate([order, order[len(y) - still.n :]]),
        )
    return ladder


def unworked_leads(companies: int, how: How) -> Iterator[dict[str, Any]]:
    """Bias of the mean likelihood among unworked leads, in percentage points."""
    for n, share in EXPLORED:
        for company in range(companies):
            with tempfile.TemporaryDirectory() as folder:
                write_workspace(Path(folder), n, 700 + company, share)
                dataset = load_dataset(Workspace(Path(folder)))
                truth = pd.read_parquet(Path(folder) / "truth" / "truth.parquet")
            others = dataset.others
            unworked = others.take(np.flatnonzero(others.state == UNWORKED))
            true = truth.set_index("lead_id").true_likelihood.loc[list(unworked.lead)].mean()
            ladder = how.ladder(dataset).fit(dataset.frame(), dataset.y, order=dataset.order)
            found = left_behind(dataset, ladder)
            assert found is not None
            yield {
                "leads": n,
                "share": share,
                "company": company,
                "by_lot": found.leads,
                "converted": found.conversions,
                "truth": 100 * true,
                "as lost": 100 * (as_lost(dataset, unworked, how) - true),
                "as worked": 100 * (found.told - true),
                "corrected": 100 * (found.likely - true),
                "held": float(found.low <= true <= found.high),
            }


def as_lost(dataset: Dataset, unworked: Cohort, how: How) -> float:
    """The mean likelihood of the unworked by a model that took them for lost."""
    frame = unworked.frame()
    X = pd.concat([dataset.frame(), frame], ignore_index=True)
    y = np.concatenate([dataset.y, np.zeros(unworked.n)])
    assert dataset.order is not None
    ladder = how.ladder(dataset).fit(X, y, order=np.concatenate([dataset.order, place(unworked)]))
    return float(sigmoid(ladder.decision_function(frame)).mean())


def amounts(companies: int) -> Iterator[dict[str, Any]]:
    """What won leads brought, against what was told of them."""
    for n in (3000, 8000):
        for company in range(companies):
            with tempfile.TemporaryDirectory() as folder:
                write_workspace(Path(folder), n, 900 + company)
                found = try_worth(load_dataset(Workspace(Path(folder))))
            assert found is not None
            yield {"leads": n, "company": company} | vars(found)


def amounts_table(rows: list[dict[str, Any]]) -> str:
    """Means over companies, coverage over all tested leads."""
    lines = [
        "| leads | won, taught | tested | in the interval | error of log amount | one for all |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for n, part in pd.DataFrame(rows).groupby("leads"):
        mean, tested = part.mean(), part["tested"].sum()
        held = (part["held"] * part["tested"]).sum() / tested
        lines.append(
            f"| {n:,} | {mean['taught']:.0f} | {tested:,} | {100 * held:.1f} % | "
            f"{mean['error']:.3f} | {mean['plain']:.3f} |"
        )
    return "\n".join(lines)


def open_table(rows: list[dict[str, Any]]) -> tuple[str, bool]:
    """The table, and whether weighting is nowhere worse than dropping beyond one error."""
    frame = pd.DataFrame(rows)
    wide = frame.pivot_table(index=["days", "leads", "company"], columns="way", values="log_loss")
    ways = [w for w in ("as lost", "weighted", "delayed feedback") if w in wide]
    lines = [
        "Log loss on later leads x 1000 against dropping open leads; below 0 is better.\n",
        f"| days of history | leads, at most | dropped | {' | '.join(ways)} |",
        "|---:|---:|---:|" + "---:|" * len(ways),
    ]
    good = True
    for (back, n), part in wide.groupby(level=["days", "leads"]):
        cells = []
        for way in ways:
            gain = 1000 * (part[way] - part["dropped"])
            error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
            cells.append(f"{gain.mean():+.1f} ± {error:.1f}")
            if way == "weighted":
                good &= bool(gain.mean() <= error)
        lines.append(f"| {back} | {n:,} | {part['dropped'].mean():.4f} | {' | '.join(cells)} |")
    return "\n".join(lines), good


def unworked_table(rows: list[dict[str, Any]]) -> tuple[str, bool]:
    """The table, and whether the bias is at most a third where it must be."""
    lines = [
        "Bias among unworked leads, percentage points: mean over companies (of single ones).\n",
        "| leads | worked by lot | of them converted | truth | as lost | as worked | corrected | "
        "interval held |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    good = True
    for (n, share), part in pd.DataFrame(rows).groupby(["leads", "share"], sort=False):
        mean, spread = part.mean(), part["corrected"].std()
        lines.append(
            f"| {n:,} | {100 * share:.0f} %, {mean['by_lot']:.0f} | {mean['converted']:.1f} | "
            f"{mean['truth']:.1f} | {mean['as lost']:+.2f} | {mean['as worked']:+.2f} | "
            f"{mean['corrected']:+.2f} (± {spread:.2f}) | {100 * mean['held']:.0f} % |"
        )
        if (n, share) in MUST:
            error = 0.0 if len(part) < 2 else spread / np.sqrt(len(part))
            good &= bool(abs(mean["corrected"]) - error <= abs(mean["as lost"]) / 3)
    return "\n".join(lines), good


def main(arguments: list[str] | None = None) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--companies", type=int, default=6)
    parser.add_argument("--boosters", action="store_true", help="climb to rung 3 too")
    parser.add_argument("--json", type=Path, default=ROOT / ".bench" / "honest.json")
    asked = parser.parse_args(arguments)
    how = How(asked.boosters)
    young = list(open_leads(asked.companies, how))
    table, weighted = open_table(young)
    print(table, flush=True)  # noqa: T201
    left = list(unworked_leads(asked.companies, how))
    other, corrected = unworked_table(left)
    print(f"\n{other}")  # noqa: T201
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    brought = list(amounts(asked.companies))
    print(f"\n{amounts_table(brought)}")  # noqa: T201
    told = {"simulated": True, "open": young, "unworked": left, "amounts": brought}
    asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return int(not (weighted and corrected))


if __name__ == "__main__":
    sys.exit(main())
