"""Do the intervals of `leadpact evidence` hold the true points? `make bench-evidence`.

Many simulated companies, one history each; how often the 90 % interval of each criterion holds
its true points. What "true points" are is said in tests/support/truth.py. Markdown on standard
output, figures in .bench/evidence.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script from anywhere

from features.arrays import Floats
from models.likelihood import Z90
from tests.support.truth import company, expected, true_points
from training.evidence import evidence_of

ROOT = Path(__file__).parents[2]
FIRST_OF_TRUTH = 10_001
"""Seeds of the companies that tell the truth; none of them is tested."""


def main() -> None:
    """Measure and tell."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, default=50, help="companies tested, one history each")
    asked.add_argument("--leads", type=int, default=20_000, help="leads of each")
    asked.add_argument("--truth", type=int, default=16, help="companies of 20,000 that tell truth")
    asked.add_argument("--out", type=Path, default=ROOT / ".bench" / "evidence.json")
    told = asked.parse_args()
    with threadpool_limits(1, user_api="blas"):
        found = measure(told.seeds, told.leads, told.truth)
    told.out.parent.mkdir(parents=True, exist_ok=True)
    told.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(markdown(found))


def measure(seeds: int, leads: int, truths: int) -> dict[str, Any]:
    """Coverage over `seeds` companies of so many leads, per criterion and on the whole."""
    range_ = range(FIRST_OF_TRUTH, FIRST_OF_TRUTH + truths)
    teaching = [expected(20_000, seed) for seed in range_]
    rulebook, truth = true_points(teaching)
    check = sum(e.y.sum() for e in teaching), sum(e.dataset.y.sum() for e in teaching)
    del teaching
    _, everyone = true_points([expected(20_000, seed, every_lead=True) for seed in range_])
    points, sd, taught, verdicts = [], [], [], []
    for seed in range(1, seeds + 1):
        evidence = evidence_of(company(leads, seed))
        points.append([c.points for c in evidence.criteria])
        sd.append([(c.high - c.low) / (2 * Z90) for c in evidence.criteria])
        verdicts.append([c.verdict for c in evidence.criteria])
        taught.append((evidence.leads, evidence.conversions))
        sys.stderr.write(f"\r{seed} of {seeds} companies")
    sys.stderr.write("\n")
    P, S = np.array(points), np.array(sd)
    rows = [
        {
            "criterion": c.id,
            "agreed": c.points,
            "true": float(truth.points[k]),
            "true_every_lead": float(everyone.points[k]),
            "mean_evidence": float(P[:, k].mean()),
            "mean_width": float(2 * Z90 * S[:, k].mean()),
            "coverage": float(_holds(P[:, k], S[:, k], truth.points[k]).mean()),
            "coverage_every_lead": float(_holds(P[:, k], S[:, k], everyone.points[k]).mean()),
            "verdicts": _counts([v[k] for v in verdicts]),
        }
        for k, c in enumerate(rulebook.criteria)
    ]
    return {
        "simulated": True,
        "seeds": seeds,
        "leads": leads,
        "teaching_leads": float(np.mean([n for n, _ in taught])),
        "conversions": float(np.mean([n for _, n in taught])),
        "truth_leads": len(range_) * 20_000,
        "truth_expected_conversions": float(check[0]),
        "truth_drawn_conversions": float(check[1]),
        "coverage": float(np.mean([r["coverage"] for r in rows])),
        "coverage_every_lead": float(np.mean([r["coverage_every_lead"] for r in rows])),
        "criteria": rows,
    }


def _holds(points: Floats, sd: Floats, true: float) -> Floats:
    return (np.abs(points - true) <= Z90 * sd).astype(np.float64)


def _counts(verdicts: list[str]) -> dict[str, int]:
    return {v: verdicts.count(v) for v in sorted(set(verdicts))}


def markdown(found: dict[str, Any]) -> str:
    """The table, for people."""
    lines = [
        f"Simulated: {found['seeds']} companies of {found['leads']:,} leads, of which "
        f"{found['teaching_leads']:,.0f} teach and {found['conversions']:,.0f} convert. "
        f"90 % intervals hold the true points in **{100 * found['coverage']:.1f} %** "
        f"(had sales worked every lead: {100 * found['coverage_every_lead']:.1f} %). Truth: "
        f"{found['truth_expected_conversions']:,.0f} conversions expected, "
        f"{found['truth_drawn_conversions']:,.0f} drawn.",
        "",
        "| criterion | agreed | true | evidence | width | coverage | true, every lead | coverage "
        "| verdicts |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in found["criteria"]:
        told = ", ".join(f"{v} {n}" for v, n in r["verdicts"].items())
        lines.append(
            f"| {r['criterion']} | {r['agreed']:g} | {r['true']:.1f} | {r['mean_evidence']:.1f} "
            f"| {r['mean_width']:.1f} | {r['coverage']:.2f} | {r['true_every_lead']:.1f} "
            f"| {r['coverage_every_lead']:.2f} | {told} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
