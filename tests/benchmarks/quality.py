"""The ladder against every single method, at every size: `make bench-quality`.

At random: a third of the leads is the test, the training leads are the first n of a shuffled rest,
five times over. By time: the newest 30 % are the test. Rows are appended to .bench/quality.json as
they come, so that a run that was stopped goes on where it was; `--fresh` begins anew. Markdown on
standard output: means, paired differences with standard errors, and where the bar is missed.

`--short` (the default of `make bench-quality`) takes minutes; `ARGS=--long` hours.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script from anywhere

from features.arrays import Floats, Ints
from models.history import History, Leads
from models.ladder import LadderClassifier
from models.metrics import report
from tests.benchmarks.quality_rivals import RIVALS
from tests.benchmarks.quality_summary import summary
from tests.support.real import DATA, ROOT, SETS, dataset, lead_frame
from training.baselines import history_of
from training.dataset import Dataset
from training.split import held_out

METHODS = ("leadpact", *RIVALS)
SIZES = ("50", "100", "200", "500", "1000", "2000", "all")
SHORT = {"sizes": ("100", "500", "2000"), "repeats": 2, "leave": ("ebm", "lightgbm_tuned")}
FIGURES = ("auc", "log_loss", "brier", "ece", "lift10")


@dataclass(frozen=True)
class Cell:
    """One comparison: which leads teach and which are asked about."""

    set: str
    split: str
    size: str
    repeat: int
    past: Ints
    next_: Ints


def main() -> None:
    """Run what is asked for and not done yet, then tell."""
    began, told = time.perf_counter() / 60, _options()
    if not DATA.is_dir():
        sys.exit(f"The real data sets are not in {DATA}; without them there is nothing to measure.")
    told.out.parent.mkdir(parents=True, exist_ok=True)
    if told.fresh:
        told.out.unlink(missing_ok=True)
    rows = json.loads(told.out.read_text(encoding="utf-8")) if told.out.is_file() else []
    done = {_key(row) for row in rows}
    for name in told.sets:
        history = dataset(name)
        for cell in cells(history, name, told.splits, told.sizes, told.repeats):
            wanted = [m for m in told.methods if (*_place(cell), m) not in done]
            if wanted:
                rows += run(history, cell, wanted)
                told.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    say(summary([row for row in rows if row["set"] in told.sets]))
    took, worked = (clock() / 60 for clock in (time.perf_counter, time.process_time))
    say(f"Took {took - began:.1f} minutes, {worked:.1f} of them at work", sys.stderr)


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    asked.add_argument("--splits", nargs="*", default=["random", "time"])
    asked.add_argument("--sizes", nargs="*", choices=SIZES)
    asked.add_argument("--repeats", type=int)
    asked.add_argument("--methods", nargs="*", choices=METHODS)
    asked.add_argument("--long", action="store_true", help="every size, 5 repeats, every method")
    asked.add_argument("--fresh", action="store_true", help="forget what was measured before")
    asked.add_argument("--out", type=Path, default=ROOT / ".bench" / "quality.json")
    told = asked.parse_args()
    left = () if told.long else SHORT["leave"]
    told.methods = told.methods or [m for m in METHODS if m not in left]
    told.sizes = told.sizes or (SIZES if told.long else SHORT["sizes"])
    told.repeats = told.repeats or (5 if told.long else SHORT["repeats"])
    return told


def cells(
    history: Dataset, name: str, splits: list[str], sizes: list[str], repeats: int
) -> Iterator[Cell]:
    """Every comparison, the small ones first."""
    if "time" in splits:
        test = held_out(history.lead, history.order)
        yield Cell(name, "time", "all", 0, np.flatnonzero(~test), np.flatnonzero(test))
    if "random" in splits:
        for size in sizes:
            for repeat in range(repeats):
                rest, test = shuffled_third(history.y, repeat)
                if size == "all" or int(size) < len(rest):
                    yield Cell(name, "random", size, repeat, first(rest, history.y, size), test)


def shuffled_third(y: Floats, repeat: int) -> tuple[Ints, Ints]:
    """Two thirds and one third of the leads, shuffled, conversions in proportion."""
    rng = np.random.default_rng(1000 + repeat)
    parts = [rng.permutation(np.flatnonzero(y == value)) for value in (0.0, 1.0)]
    cuts = [len(part) // 3 for part in parts]
    tests = [part[:cut] for part, cut in zip(parts, cuts, strict=True)]
    rests = [part[cut:] for part, cut in zip(parts, cuts, strict=True)]
    return np.concatenate(rests), np.sort(np.concatenate(tests))


def first(rest: Ints, y: Floats, size: str) -> Ints:
    """The first `size` leads, conversions in proportion; larger sizes hold the smaller ones."""
    if size == "all":
        return np.sort(rest)
    lost, won = rest[y[rest] == 0], rest[y[rest] == 1]
    k = max(2, round(int(size) * len(won) / len(rest)))
    return np.sort(np.concatenate([lost[: int(size) - k], won[:k]]))


def run(history: Dataset, cell: Cell, methods: list[str]) -> list[dict[str, Any]]:
    """One row per method."""
    past, asked = history_of(history, cell.past), history_of(history, cell.next_).leads
    y, rows = history.y[cell.next_], []
    for method in methods:
        began = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's methods
            p = predict(history, cell, method, past, asked)
        took = time.perf_counter() - began
        figures = {k: v for k, v in report(y, p).items() if k in FIGURES}
        if cell.split == "time":
            figures |= _losses(y, p)
        place = dict(zip(("set", "split", "size", "repeat"), _place(cell), strict=True))
        rows.append({**place, "n": len(past), "method": method, **figures, "seconds": took})
        where = f"{cell.set} {cell.split} {cell.size} #{cell.repeat}"
        say(f"{where}: {method} {figures['log_loss']:.4f} ({took:.1f} s)", sys.stderr)
    return rows


def predict(history: Dataset, cell: Cell, method: str, past: History, asked: Leads) -> Floats:
    """Likelihoods of the leads asked about; at random nobody is told the order."""
    if method != "leadpact":
        return RIVALS[method](past, asked, cell.repeat)
    scale = history.rulebook.scale
    ladder = LadderClassifier(
        scale.anchor_points,
        scale.anchor_likelihood,
        scale.points_to_double_odds,
        random_state=cell.repeat,
    )
    ladder.fit(
        lead_frame(past.leads, ladder),
        past.y,
        order=past.order if cell.split == "time" else None,
        groups=past.groups,
    )
    return np.asarray(ladder.predict_proba(lead_frame(asked, ladder))[:, 1])


def _losses(y: Floats, p: Floats) -> dict[str, Any]:
    """The loss of every test lead, so that two methods can be compared lead by lead."""
    losses = -np.log(np.where(y == 1, p, 1 - p))
    return {"losses": np.round(losses, 5).tolist()}


def _place(cell: Cell) -> tuple[str, str, str, int]:
    return cell.set, cell.split, cell.size, cell.repeat


def _key(row: dict[str, Any]) -> tuple[str, str, str, int, str]:
    return row["set"], row["split"], row["size"], row["repeat"], row["method"]


def say(line: str, to: Any = None) -> None:
    """Print a line at once."""
    (to or sys.stdout).write(f"{line}\n")
    (to or sys.stdout).flush()


if __name__ == "__main__":
    main()
