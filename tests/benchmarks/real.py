"""Quality on three real exports, by time: `make bench-real`.

The newest 30 % of each set are the test; every method is taught by the same older leads, sees the
same fields and answers for the same leads. Markdown on standard output, rows in .bench/real.json.

With `--refits K` the test is told in K parts, each by a method taught by all leads before it: how a
model does that is made anew as its leads mature, where the plain table shows one that never is.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script from anywhere

from features.arrays import Floats, Ints
from models.metrics import report
from tests.support.real import DATA, ROOT, SETS, dataset
from training.baselines import BASELINES, history_of
from training.dataset import Dataset
from training.evaluate import fit_rows, new_ladder
from training.split import held_out

METHODS = ("leadpact", "rulebook", "logistic", "lightgbm_default", "odoo_naive_bayes")
FIGURES = ("auc", "log_loss", "brier", "ece", "lift10")


def main() -> None:
    """Run the comparison."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    asked.add_argument("--methods", nargs="*", default=list(METHODS), choices=METHODS)
    asked.add_argument("--refits", type=int, default=1, help="parts the test is told in")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--out", type=Path, default=ROOT / ".bench" / "real.json")
    told = asked.parse_args()
    if not DATA.is_dir():
        sys.exit(f"The real data sets are not in {DATA}; without them there is nothing to measure.")
    rows = [
        row for name in told.sets for row in compare(name, told.methods, told.refits, told.seed)
    ]
    told.out.parent.mkdir(parents=True, exist_ok=True)
    told.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    say(markdown(rows))


def compare(name: str, methods: list[str], refits: int, seed: int) -> list[dict[str, Any]]:
    """One row per method for one set."""
    history = dataset(name)
    test = held_out(history.lead, history.order)
    past, next_ = np.flatnonzero(~test), np.flatnonzero(test)
    if history.order is not None:
        next_ = next_[np.argsort(history.order[next_], kind="stable")]
    parts = np.array_split(next_, refits)
    rows = []
    for method in methods:
        began = time.perf_counter()
        told = []
        for k, part in enumerate(parts):
            taught = np.sort(np.concatenate([past, *parts[:k]]))
            told.append(likelihoods(history, method, taught, part, seed))
        took = time.perf_counter() - began
        say(f"{name}: {method} took {took:.1f} s", sys.stderr)
        found = report(history.y[next_], np.concatenate(told))
        figures = {k: v for k, v in found.items() if k in FIGURES}
        place = {"set": name, "split": "time", "refits": refits, "n": len(past)}
        rows.append({**place, "method": method, **figures})
    return rows


def likelihoods(history: Dataset, method: str, taught: Ints, asked: Ints, seed: int) -> Floats:
    """What a method says of the leads `asked` when the leads `taught` have taught it."""
    if method == "leadpact":
        ladder = fit_rows(history, new_ladder(history, 2, seed), taught)
        return np.asarray(ladder.predict_proba(history.frame().iloc[asked])[:, 1])
    past, leads = history_of(history, taught), history_of(history, asked).leads
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other people's methods
        return BASELINES[method](past, leads, seed)


def markdown(rows: list[dict[str, Any]]) -> str:
    """The rows as a table, the best log loss of each set in bold."""
    lines = [
        "| set | n | method | AUC | log loss | Brier | ECE | lift at 10 % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        best = min(r["log_loss"] for r in rows if r["set"] == row["set"])
        loss = f"{row['log_loss']:.4f}"
        loss = f"**{loss}**" if row["log_loss"] == best else loss
        lines.append(
            f"| {row['set']} | {row['n']:,} | {row['method']} | {row['auc']:.3f} | {loss} "
            f"| {row['brier']:.4f} | {row['ece']:.3f} | {row['lift10']:.2f} |"
        )
    return "\n".join(lines)


def say(line: str, to: Any = None) -> None:
    """Print a line at once."""
    print(line, file=to or sys.stdout, flush=True)


if __name__ == "__main__":
    main()
