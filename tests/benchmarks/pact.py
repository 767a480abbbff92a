"""Do exploration and disputes tell the truth, on a company whose truth is known. `make bench-pact`.

    python tests/benchmarks/pact.py [--companies 6] [--draws 200] [--json FILE]

A ladder learns from the older 70 % of what sales worked; the leads of the newest 30 % of the time,
worked or not, are scored with it. Outcomes are drawn anew from the true likelihoods, `--draws`
times.

*Exploration*: of the leads that stay below the hand-over, the mean true likelihood, and what four
ways say of it: what came of those that sales worked all the same, what the model tells, and what
came of the share that `serving.pact.handing.drawn` hands over by lot, at 2 % and at 10 %, with its
interval (`models.rates`), as `GET /v1/exploration` tells it.

*Disputes*: reps contest scores of which they know something that no field holds (the lead's
intent), or contest at random. The ledger of `serving.pact.disputing` is kept for each: how often
it names the one that is truly closer, rulebook or model, and how often disputes came out right
against how often they had to if the model were exact.

Markdown on standard output, figures in .bench/pact.json; 1 when the lot is further from the truth
than what sales chose, or its intervals hold it in less than 85 % of the draws.
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

from features.arrays import Flags, Floats, Texts
from models.rates import rate_of
from models.scale import Scale, sigmoid
from models.workspace import Workspace
from serving.pact.handing import drawn
from tests.support.real import ROOT
from training.dataset import load_dataset
from training.evaluate import new_ladder
from training.sample import write_workspace

LEADS, NEWEST = 20_000, 0.3
SHARES = (0.02, 0.10)
SETTLED = (20, 50, 200)
HUNCH = 0.8
"""From this much intent on, either way, a rep who knows contests."""


@dataclass(frozen=True)
class Company:
    """The newest leads of a simulated company (m), and what is told and true of each."""

    lead: Texts
    model: Floats
    rulebook: Floats
    true: Floats
    intent: Floats
    worked: Flags
    below: Flags


def company(seed: int) -> Company:
    """Simulate, teach on the older leads, and tell of the newest."""
    with tempfile.TemporaryDirectory() as folder:
        write_workspace(Path(folder), LEADS, seed)
        dataset = load_dataset(Workspace(Path(folder)))
        truth = pd.read_parquet(Path(folder) / "truth" / "truth.parquet").set_index("lead_id")
    assert dataset.order is not None
    since = np.quantile(dataset.order, 1 - NEWEST)
    old, new = np.flatnonzero(dataset.order < since), np.flatnonzero(dataset.order >= since)
    frame = dataset.frame()
    ladder = new_ladder(dataset, 1, 0).set_params(boosters=False)
    ladder.fit(frame.iloc[old], dataset.y[old], order=dataset.order[old])
    late = dataset.others.snapshot.as_of.astype(np.int64) / 86_400_000_000 >= since
    others = dataset.others.take(np.flatnonzero(late))
    asked = pd.concat([frame.iloc[new], others.frame()], ignore_index=True)
    lead = np.concatenate([dataset.lead[new], others.lead])
    agreed = np.concatenate([dataset.agreed.total[new], others.agreed.total])
    stated = dataset.rulebook.scale
    scale = Scale(stated.anchor_points, stated.anchor_likelihood, stated.points_to_double_odds)
    f, known = ladder.decision_function(asked), truth.loc[list(lead)]
    return Company(
        lead,
        sigmoid(f),
        sigmoid(np.asarray(scale.log_odds(agreed))),
        known.true_likelihood.to_numpy(dtype=np.float64),
        known.intent.to_numpy(dtype=np.float64),
        known.worked.to_numpy(dtype=bool),
        np.asarray(scale.points(f) < dataset.rulebook.hand_over_from),
    )


def explored(found: Company, share: float, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """One draw of outcomes: what each way says of the leads left behind, in percentage points."""
    left = np.flatnonzero(found.below)
    truth = found.true[left].mean()
    # The lot is a hash of the id: other ids, another lot.
    names = [f"{rng.integers(1 << 62)} {found.lead[i]}" for i in left]
    lot = left[[drawn(name, share) for name in names]]
    y = (rng.random(len(found.true)) < found.true).astype(float)
    rate = rate_of(y[lot])
    yield {
        "share": share,
        "left": len(left),
        "by_lot": len(lot),
        "truth": 100 * truth,
        "chosen": 100 * (y[left[found.worked[left]]].mean() - truth),
        "told": 100 * (found.model[left].mean() - truth),
        "lot": 100 * (rate.rate - truth),
        "held": rate.holds(truth),
    }


def loss(p: Floats, y: Floats) -> Floats:
    """Log loss of likelihoods (n,), for outcomes or their chances (n,)."""
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log1p(-p)))


def disputes(found: Company, knows: bool, n: int, rng: np.random.Generator) -> dict[str, Any]:
    """One draw of n disputes about worked leads and their outcomes."""
    worked = np.flatnonzero(found.worked)
    sure = worked[np.abs(found.intent[worked]) >= HUNCH] if knows else worked
    at = rng.choice(sure, n, replace=False)
    low = found.intent[at] > 0 if knows else rng.random(n) < 0.5
    y = (rng.random(n) < found.true[at]).astype(float)
    closer = loss(found.model[at], y).sum() < loss(found.rulebook[at], y).sum()
    p, true = found.model[at], found.true[at]
    truly = loss(p, true).sum() < loss(found.rulebook[at], true).sum()
    by_model = np.where(low, p, 1 - p)
    right = low == (y == 1)
    return {
        "reps": "know" if knows else "guess",
        "settled": n,
        "model truly closer": truly,
        "ledger agrees": closer == truly,
        "right": right.mean(),
        "by model": by_model.mean(),
        "beyond": (right.mean() - by_model.mean())
        / np.sqrt((by_model * (1 - by_model)).sum() / n**2),
    }


def exploration_table(rows: list[dict[str, Any]]) -> tuple[str, bool]:
    """The table, and whether the lot keeps what it promises."""
    lines = [
        "Of leads below the hand-over, percentage points: mean error (of single draws).\n",
        "| share | left behind | by lot | truth | worked all the same | told | by lot | held |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    good = True
    for share, part in pd.DataFrame(rows).groupby("share"):
        mean = part.mean(numeric_only=True)
        lines.append(
            f"| {100 * share:.0f} % | {mean['left']:,.0f} | {mean['by_lot']:.0f} | "
            f"{mean['truth']:.2f} | {mean['chosen']:+.2f} (± {part['chosen'].std():.2f}) | "
            f"{mean['told']:+.2f} (± {part['told'].std():.2f}) | "
            f"{mean['lot']:+.2f} (± {part['lot'].std():.2f}) | {100 * part['held'].mean():.0f} % |"
        )
        good &= bool(abs(mean["lot"]) < abs(mean["chosen"]) and part["held"].mean() >= 0.85)
    return "\n".join(lines), good


def disputes_table(rows: list[dict[str, Any]]) -> str:
    """What the ledger says, against the truth."""
    lines = [
        "| reps | settled | ledger names the truly closer | came out right | had the model been "
        "exact | beyond it, in standard errors |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for (reps, n), part in pd.DataFrame(rows).groupby(["reps", "settled"]):
        mean = part.mean(numeric_only=True)
        lines.append(
            f"| {reps} | {n} | {100 * part['ledger agrees'].mean():.0f} % | "
            f"{100 * mean['right']:.0f} % | {100 * mean['by model']:.0f} % | "
            f"{mean['beyond']:+.1f} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--companies", type=int, default=6)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--json", type=Path, default=ROOT / ".bench" / "pact.json")
    asked = parser.parse_args(arguments)
    left: list[dict[str, Any]] = []
    contested: list[dict[str, Any]] = []
    for seed in range(asked.companies):
        found, rng = company(1100 + seed), np.random.default_rng(seed)
        for _ in range(asked.draws):
            for share in SHARES:
                left += explored(found, share, rng)
            contested += [
                disputes(found, knows, n, rng) for knows in (True, False) for n in SETTLED
            ]
    table, good = exploration_table(left)
    print(f"{table}\n\n{disputes_table(contested)}")  # noqa: T201
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    told = {"simulated": True, "exploration": left, "disputes": contested}
    asked.json.write_text(json.dumps(told, default=float) + "\n", encoding="utf-8")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
