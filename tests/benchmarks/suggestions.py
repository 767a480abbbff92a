"""What points should a suggested edition move? `make bench-suggestions`.

Three ways to turn evidence into points, taught by the older 70 % of each history and tried on the
newest 30 %: log loss of the rulebook alone, its scale fitted to the older leads. Markdown on
standard output, rows in .bench/suggestions.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script from anywhere

from features.arrays import Floats, Ints
from features.rulebook.document import Criterion, Rulebook
from models.evidence.fit import fit_criteria
from models.evidence.suggest import suggest_edition
from tests.support.real import DATA, ROOT, SETS, dataset
from tests.support.truth import company
from training.dataset import Dataset
from training.evidence import evidence_of, history_of, tested
from training.split import held_out

WAYS = ("only decided criteria", "every criterion", "every criterion, fitted without fields")


def main() -> None:
    """Try and tell."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=ROOT / ".bench" / "suggestions.json")
    told = asked.parse_args()
    with threadpool_limits(1, user_api="blas"):
        rows = [row for name, history in _histories() for row in compare(name, history)]
    told.out.parent.mkdir(parents=True, exist_ok=True)
    told.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(markdown(rows))


def _histories() -> Iterator[tuple[str, Dataset]]:
    yield "sample (simulated)", company(20_000, 7)
    if not DATA.is_dir():
        sys.stderr.write(f"The real data sets are not in {DATA}; only the sample is measured.\n")
        return
    for name in SETS:
        yield name, dataset(name)


def compare(name: str, history: Dataset) -> list[dict[str, Any]]:
    """One row per way for one set."""
    test = held_out(history.lead, history.order)
    past, next_ = np.flatnonzero(~test), np.flatnonzero(test)
    before = tested(history, history.rulebook, past, next_)
    rows = []
    for way, edition in zip(WAYS, _editions(history, past), strict=True):
        gain = before - tested(history, edition, past, next_)
        rows.append(
            {
                "set": name,
                "way": way,
                "tested": len(next_),
                "before": float(before.mean()),
                "gain": float(gain.mean()),
                "error": float(gain.std() / np.sqrt(len(gain))),
            }
        )
    return rows


def _editions(history: Dataset, past: Ints) -> Iterator[Rulebook]:
    rulebook = history.rulebook
    evidence = evidence_of(history, past)
    yield suggest_edition(rulebook, evidence, history.fields).edition
    yield _moved(rulebook, np.array([c.points for c in evidence.criteria]))
    alone = fit_criteria(history_of(history, rulebook, history.agreed).take(past), rulebook)
    yield _moved(rulebook, alone.points)


def _moved(rulebook: Rulebook, points: Floats) -> Rulebook:
    pairs = zip(rulebook.criteria, np.floor(points + 0.5).tolist(), strict=True)
    kept = tuple(_with(criterion, p) for criterion, p in pairs if p != 0)
    return rulebook.model_copy(update={"criteria": kept, "tests": ()})


def _with(criterion: Criterion, points: float) -> Criterion:
    cap = None if criterion.cap is None else criterion.most * abs(points)
    return criterion.model_copy(update={"points": points, "cap": cap})


def markdown(rows: list[dict[str, Any]]) -> str:
    """Gains in log loss x 1,000, a line per set."""
    lines = ["| set | log loss | " + " | ".join(WAYS) + " |", "|---|---|---|---|---|"]
    for name in dict.fromkeys(r["set"] for r in rows):
        of = {r["way"]: r for r in rows if r["set"] == name}
        cells = [f"{1000 * of[w]['gain']:+.1f} ± {1000 * of[w]['error']:.1f}" for w in WAYS]
        lines.append(f"| {name} | {of[WAYS[0]]['before']:.4f} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
