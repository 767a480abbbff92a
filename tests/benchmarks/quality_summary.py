"""The rows of the quality benchmark as Markdown: means, paired differences, misses."""

from __future__ import annotations

from typing import Any

import numpy as np

US = "leadpact"
Rows = list[dict[str, Any]]


def summary(rows: Rows) -> str:
    """Every set and split: a table of mean log losses, and whether the bar was met."""
    parts = []
    for place in dict.fromkeys((r["set"], r["split"]) for r in rows):
        mine = [r for r in rows if (r["set"], r["split"]) == place]
        parts.append(_table(*place, mine))
    return "\n\n".join(parts)


def _table(name: str, split: str, rows: Rows) -> str:
    methods = [US, *dict.fromkeys(r["method"] for r in rows if r["method"] != US)]
    sizes = list(dict.fromkeys(r["size"] for r in rows))
    lines = [
        f"### {name}, {'by time' if split == 'time' else 'at random'}: mean log loss",
        "",
        "| n | " + " | ".join(methods) + " | best other | difference | bar |",
        "|---" * (len(methods) + 4) + "|",
    ]
    for size in sizes:
        at = _shared([r for r in rows if r["size"] == size])
        lines.append(_line(size, at, methods))
    whole = [s for s in sizes if all(_losses_of(rows, s, m) for m in methods)]
    if len(whole) > 1 and len(methods) > 1:
        means = {m: np.mean([np.mean(_losses_of(rows, s, m)) for s in whole]) for m in methods}
        told = " | ".join(_bold(m, means) for m in methods)
        best = min((m for m in methods if m != US), key=means.__getitem__)
        met = "met" if means[US] < means[best] else "**missed**"
        gap = means[US] - means[best]
        lines.append(f"| mean of {len(whole)} | {told} | {best} | {gap:+.4f} | {met} |")
    return "\n".join(lines)


def _line(size: str, rows: Rows, methods: list[str]) -> str:
    means = {m: np.mean(_losses_of(rows, size, m)) for m in methods if _losses_of(rows, size, m)}
    told = " | ".join(_bold(m, means) for m in methods)
    n, others = rows[0]["n"], [m for m in means if m != US]
    if US not in means or not others:
        return f"| {n:,} | {told} | | | |"
    best = min(others, key=means.__getitem__)
    gap, error = _paired(rows, best)
    # By time nothing above the best is good enough; at random one standard error is allowed.
    allowed = 0.0 if rows[0]["split"] == "time" else (0.0 if np.isnan(error) else error)
    met = "met" if gap <= allowed else f"**missed** by {gap - allowed:.4f}"
    return f"| {n:,} | {told} | {best} | {gap:+.4f} ± {error:.4f} | {met} |"


def _shared(rows: Rows) -> Rows:
    """The repeats that every method has been through: means of others would not compare."""
    done = [{r["repeat"] for r in rows if r["method"] == m} for m in {r["method"] for r in rows}]
    common = set.intersection(*done)
    return [r for r in rows if r["repeat"] in common] or rows


def _losses_of(rows: Rows, size: str, method: str) -> list[float]:
    return [r["log_loss"] for r in rows if r["size"] == size and r["method"] == method]


def _bold(method: str, means: dict[str, Any]) -> str:
    if method not in means:
        return ""
    told = f"{means[method]:.4f}"
    return f"**{told}**" if means[method] == min(means.values()) else told


def _paired(rows: Rows, best: str) -> tuple[float, float]:
    """Mean difference and its standard error: over repeats, or over leads by time."""
    ours = {r["repeat"]: r for r in rows if r["method"] == US}
    theirs = {r["repeat"]: r for r in rows if r["method"] == best}
    both = sorted(set(ours) & set(theirs))
    if len(both) == 1 and "losses" in ours[both[0]]:
        apart = np.subtract(ours[both[0]]["losses"], theirs[both[0]]["losses"])
    else:
        apart = np.array([ours[k]["log_loss"] - theirs[k]["log_loss"] for k in both])
    error = apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else np.nan
    return float(apart.mean()), float(error)
