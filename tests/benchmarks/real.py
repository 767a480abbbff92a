"""Quality on three real exports, by time: `make bench-real`.

The newest 30 % of each set are the test; every method is taught by the same older leads, sees the
same fields and answers for the same leads. Markdown on standard output, rows in .bench/real.json.
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

from models.metrics import report
from tests.support.real import DATA, ROOT, SETS, dataset
from training.baselines import BASELINES, history_of
from training.evaluate import fit_rows, new_ladder
from training.split import held_out

METHODS = ("leadpact", "rulebook", "logistic", "lightgbm_default", "odoo_naive_bayes")
FIGURES = ("auc", "log_loss", "brier", "ece", "lift10")


def main() -> None:
    """Run the comparison."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--out", type=Path, default=ROOT / ".bench" / "real.json")
    told = asked.parse_args()
    if not DATA.is_dir():
        sys.exit(f"The real data sets are not in {DATA}; without them there is nothing to measure.")
    rows = [row for name in told.sets for row in compare(name, told.seed)]
    told.out.parent.mkdir(parents=True, exist_ok=True)
    told.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    say(markdown(rows))


def compare(name: str, seed: int) -> list[dict[str, Any]]:
    """One row per method for one set."""
    history = dataset(name)
    test = held_out(history.lead, history.order)
    past, next_ = np.flatnonzero(~test), np.flatnonzero(test)
    y = history.y[next_]
    rows = []
    for method in METHODS:
        began = time.perf_counter()
        if method == "leadpact":
            ladder = fit_rows(history, new_ladder(history, 2, seed), past)
            p = ladder.predict_proba(history.frame().iloc[next_])[:, 1]
        else:
            taught, asked = history_of(history, past), history_of(history, next_).leads
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other people's methods
                p = BASELINES[method](taught, asked, seed)
        took = time.perf_counter() - began
        say(f"{name}: {method} took {took:.1f} s", sys.stderr)
        figures = {k: v for k, v in report(y, p).items() if k in FIGURES}
        rows.append({"set": name, "split": "time", "n": len(past), "method": method, **figures})
    return rows


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
