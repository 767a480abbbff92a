"""What the command line shows of the reconciliation."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.reconciliation import Standing
from models.wording import signed
from training.reconcile import Culprit, Reconciliation

MOST_CULPRITS = 10
"""Lines shown that are responsible for disagreements."""


def show_reconciliation(console: Console, found: Reconciliation) -> None:
    """Quadrants, disagreements beyond the tolerance, what is behind them, and leads in dispute."""
    mark = ", simulated" if found.simulated else ""
    console.print(
        f"[bold]Edition {escape(found.edition)} and the model[/bold] on {found.tested:,} leads "
        f"that taught neither; {found.trained:,} older ones did{mark}."
    )
    title = f"Against hand-over from {found.threshold:g}"
    console.print(_standings(title, (*found.quadrants, found.whole)))
    title = f"Beyond the tolerance of {found.tolerance:g} points"
    console.print(_standings(title, found.tolerance_groups))
    console.print(
        "Log loss: by how much the model told more of what happened than the rulebook, x 1,000; "
        "who was right is said at 90 % confidence."
    )
    if found.culprits:
        console.print(_culprits(found.culprits[:MOST_CULPRITS]))
    for example in found.examples:
        end = "converted" if example.converted else "did not convert"
        console.print(f"  {escape(example.lead)}  {end}. {escape(example.label.says)}")


def _standings(title: str, standings: Iterable[Standing]) -> Table:
    table = Table(title, title_justify="left")
    for name in ("leads", "converted", "90 %", "model told", "rulebook told", "log loss", "right"):
        table.add_column(name, justify="right")
    for s in standings:
        table.add_row(escape(s.name), *_cells(s))
    return table


def _cells(s: Standing) -> tuple[str, ...]:
    rate = s.observed
    if rate.leads == 0:
        return ("0", "", "", "", "", "", "")
    return (
        f"{rate.leads:,}",
        f"{100 * rate.rate:.1f} %",
        f"{100 * rate.low:.1f} to {100 * rate.high:.1f}",
        f"{100 * s.told_learned:.1f} %",
        f"{100 * s.told_agreed:.1f} %",
        f"{signed(1000 * s.gain)} ± {1000 * s.error:.1f}",
        s.right,
    )


def _culprits(culprits: Iterable[Culprit]) -> Table:
    table = Table("responsible", "which way", title="Behind it", title_justify="left")
    for name in ("points", "leads", "converted", "model told", "rulebook told", "right"):
        table.add_column(name, justify="right")
    for c in culprits:
        leads, converted, _, model, rulebook, _, right = _cells(c.standing)
        cells = (signed(c.points), leads, converted, model, rulebook, right)
        table.add_row(escape(c.label), c.kind, *cells)
    return table
