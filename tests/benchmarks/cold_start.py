"""What the first known ends are worth: `make bench-cold-start`.

    python tests/benchmarks/cold_start.py [--companies 3] [--draws 10] [--sizes 20 50 100 200]

So many leads of a simulated company, one after the other as a new team meets them, teach the ladder
and a plain LightGBM; both answer for the newest 30 %, beside the rulebook on the scale it states
and on the scale that all older leads would teach, which nobody knows yet: no scale of so few leads
can be expected below it. Markdown on standard output, rows in .bench/cold_start.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script from anywhere

from models.metrics import log_loss
from models.scale import sigmoid
from models.updated import fit_scale
from models.workspace import Workspace
from tests.support.real import ROOT
from training.baselines import history_of, lightgbm_default
from training.dataset import Dataset, load_dataset
from training.evaluate import fit_rows, leads_of, new_ladder
from training.sample import write_workspace

METHODS = ("stated scale", "scale of all", "fitted scale", "ladder", "lightgbm")
FIRST_SEED = 7
"""Of the company that ships with the project; further ones follow it."""


def losses(dataset: Dataset, size: int, draws: int) -> Iterator[dict[str, Any]]:
    """Log loss of every method after `size` known ends, `draws` times along the history."""
    cut = round(0.7 * dataset.n)
    test = np.arange(cut, dataset.n)
    y = dataset.y[test]
    everything = fit_scale(history_of(dataset, np.arange(cut)))
    for draw in range(draws):
        rows = draw * (cut - size) // max(draws - 1, 1) + np.arange(size)
        fitted = fit_rows(dataset, new_ladder(dataset, 1, draw), rows).fitted_
        leads = leads_of(dataset, fitted).take(test)
        told = {
            "stated scale": sigmoid(leads.f0),
            "scale of all": sigmoid(everything.log_odds(leads.f0)),
            "fitted scale": sigmoid(fitted.fitted.log_odds(leads.f0)),
            "ladder": sigmoid(fitted.log_odds(leads)),
            "lightgbm": lightgbm_default(history_of(dataset, rows), leads, draw),
        }
        found = {method: log_loss(y, p) for method, p in told.items()}
        yield {"n": size, "draw": draw, "conversions": int(dataset.y[rows].sum()), **found}


def table(rows: list[dict[str, Any]]) -> str:
    """Means over draws as Markdown, and how far the ladder is from the stated scale."""
    frame = pd.DataFrame(rows)
    head = ("company", "known ends", "conversions", *METHODS, "ladder less stated scale")
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for (company, n), part in frame.groupby(["company", "n"], sort=False):
        apart = part["ladder"] - part["stated scale"]
        error = apart.std(ddof=1) / np.sqrt(len(apart))
        told = " | ".join(f"{part[method].mean():.4f}" for method in METHODS)
        lines.append(
            f"| {company} | {n} | {part.conversions.mean():.1f} | {told} | "
            f"{apart.mean():+.4f} \N{PLUS-MINUS SIGN} {error:.4f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--companies", type=int, default=3)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 50, 100, 200])
    parser.add_argument("--leads", type=int, default=20_000, help="of each company")
    parser.add_argument("--json", type=Path, default=ROOT / ".bench" / "cold_start.json")
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for seed in range(FIRST_SEED, FIRST_SEED + asked.companies):
        with tempfile.TemporaryDirectory() as folder:
            write_workspace(Path(folder), asked.leads, seed)
            dataset = load_dataset(Workspace(Path(folder)))
        for size in asked.sizes:
            rows += [{"company": seed, **row} for row in losses(dataset, size, asked.draws)]
    print(table(rows))  # noqa: T201
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    told = [{"simulated": True, **row} for row in rows]
    asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
