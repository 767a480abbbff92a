"""What the command line shows of a replay."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.rates import Rate
from models.replay import Flips, Side
from models.replay_groups import GroupRow
from models.thresholds import ALONE, MODEL
from models.wording import signed
from training.replay import Replay
from training.replay_model import ModelSide

BY = {
    MODEL: "By the model's score under the proposal, which hands leads over",
    ALONE: "By the proposal's agreed points alone",
}


def show_replay(console: Console, replay: Replay) -> None:
    """The proposal beside the edition in force, then flips, groups, thresholds and advice."""
    past, states = replay.past, replay.states
    mark = " (simulated)" if replay.simulated else ""
    told = ", ".join(f"{count:,} {state}" for state, count in states.items() if count)
    over = "" if past.weeks is None else f" over {past.weeks:.0f} weeks"
    console.print(f"[bold]{len(past):,} matured leads[/bold]{over}{mark}: {told} (left out).")
    for note in replay.notes:
        console.print(escape(note))
    sides = [replay.before, replay.after]
    if replay.model is not None:
        sides += replay.model.sides
    console.print(_sides_table(sides))
    if replay.model is not None:
        console.print(_model_sentence(replay.model))
    _show_flips(console, "Only the proposal hands over", replay.flips_in)
    _show_flips(console, "The proposal no longer hands over", replay.flips_out)
    if replay.groups:
        console.print(_groups_table(replay.groups))
    console.print(_steps_table(replay))
    for advice in replay.advice:
        console.print(f"{BY[advice.by]}: [bold]{escape(advice.says)}[/bold]")


def _sides_table(sides: list[Side]) -> Table:
    table = Table("score", title="At the threshold; 90 % intervals", title_justify="left")
    for name in ("from", "handed over", "a week", "busiest", "precision", "recall", "lift"):
        table.add_column(name, justify="right")
    if any(s.caught is not None for s in sides):
        table.add_column("won, caught", justify="right")
        table.add_column("missed", justify="right")
    for s in sides:
        table.add_row(*_side_row(s))
    return table


def _side_row(s: Side) -> list[str]:
    row = [escape(s.name), f"{s.threshold:g}", f"{s.handed:,}"]
    if s.workload is None:
        row += ["no dates", ""]
    else:
        above = s.workload.above
        row.append(f"{s.workload.mean:,.0f}")
        row.append(f"{s.workload.busiest:,}" + ("" if not above else f", {above:.0%} too many"))
    row += [_percent(s.precision), _percent(s.recall)]
    row.append(f"{s.lift:.2f} ({s.lift_low:.2f} to {s.lift_high:.2f})")
    if s.caught is not None and s.missed is not None:
        row += [f"{s.caught:,.0f}", f"{s.missed:,.0f}"]
    return row


def _percent(rate: Rate) -> str:
    if rate.leads == 0:
        return "no leads"
    return f"{100 * rate.rate:.1f} % ({100 * rate.low:.1f} to {100 * rate.high:.1f})"


def _model_sentence(model: ModelSide) -> str:
    told = (
        f"Model {model.model} was taught with edition {escape(model.edition)}: agreed points move "
        "its score at once, what it learned beside them stays until it is aligned or trained anew."
    )
    if model.taught_by > 0:
        told += (
            f" {100 * model.taught_by:.0f} % of these leads taught it, so its figures flatter it; "
            "`leadpact evaluate` tests it on unseen ones."
        )
    return told


def _show_flips(console: Console, title: str, flips: Flips) -> None:
    rate = flips.converted
    amount = "" if flips.amount is None else f", {flips.amount:,.0f} won"
    console.print(
        f"\n[bold]{title}: {flips.leads:,} leads[/bold]; {rate.conversions:,} of {rate.leads:,} "
        f"with a known end converted{amount}."
    )
    for flip in flips.examples:
        moved = "; ".join(f"{escape(name)} {signed(points)}" for name, points in flip.why)
        why = moved or "its points are the same, the threshold moved"
        console.print(
            f"  {escape(flip.lead)}  {flip.before:.1f} -> {flip.after:.1f}  {flip.end}: {why}"
        )


def _groups_table(groups: tuple[GroupRow, ...]) -> Table:
    table = Table("by", "group", title="Who gains what", title_justify="left")
    for name in ("leads", "handed over", "precision", "conversions", "caught"):
        table.add_column(name, justify="right")
    if groups[0].amount is not None:
        table.add_column("won", justify="right")
        table.add_column("of it caught", justify="right")
    shown = ""
    for g in groups:
        by = "" if g.by == shown else g.by
        shown = g.by
        handed = f"{g.handed_before:,} -> {g.handed_after:,}"
        caught = f"{g.caught_before:,} -> {g.caught_after:,}"
        before = _share(g.caught_before, g.known_before)
        precision = f"{before} -> {_share(g.caught_after, g.known_after)}"
        cells = (f"{g.leads:,}", handed, precision, f"{g.conversions:,}", caught)
        table.add_row(escape(by), escape(g.value), *cells, *_amounts(g))
    return table


def _amounts(g: GroupRow) -> list[str]:
    if g.amount is None:
        return []
    return [f"{g.amount:,.0f}", f"{g.amount_before:,.0f} -> {g.amount_after:,.0f}"]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def _steps_table(replay: Replay) -> Table:
    table = Table(title="The proposal's agreed points, handed over from", title_justify="left")
    for name in ("score", "leads", "a week", "precision", "recall", "won a hand-over"):
        table.add_column(name, justify="right")
    for step in replay.steps:
        if step.handed == 0:
            continue
        table.add_row(
            str(step.threshold),
            f"{step.handed:,}",
            "" if step.a_week is None else f"{step.a_week:,.0f}",
            f"{step.precision:.1%}",
            f"{step.recall:.1%}",
            "" if step.value is None else f"{step.value:,.0f}",
        )
    return table
