"""What the command line shows of evidence about the rules."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.evidence.criteria import CriterionEvidence, Evidence
from models.evidence.suggest import Suggestion
from models.wording import signed
from training.evidence import Trial

UNWORKED = (
    "Evidence speaks of leads that sales worked; {:,} were never worked. Where reps also went by "
    "what no field holds, effects among worked leads look smaller than they are."
)


def show_evidence(
    console: Console, evidence: Evidence, trial: Trial | None, unworked: int, simulated: bool
) -> None:
    """Agreed points beside what history supports, then why for each criterion in dispute.

    Args:
        console: where to.
        evidence: of the workspace's rulebook.
        trial: of a suggestion on newer leads; None with too few.
        unworked: leads that sales never worked, which evidence cannot speak of.
        simulated: whether the history is.
    """
    mark = ", simulated" if simulated else ""
    title = (
        f"Edition {escape(evidence.edition)}: {evidence.leads:,} leads whose end is known, "
        f"{evidence.conversions:,} converted{mark}"
    )
    table = Table(title=title, title_justify="left")
    for name in ("criterion", "agreed", "evidence", "90 %", "converted", "without it", "verdict"):
        right = name not in ("criterion", "verdict")
        table.add_column(name, justify="right" if right else "left", no_wrap=right)
    for found in evidence.criteria:
        table.add_row(*_row(found))
    console.print(table)
    console.print(
        "Evidence: points that history supports, against leads alike in other facts; repeats: each "
        "time. Without it: rise of the rulebook's log loss x 1,000, plus or minus one standard "
        "error."
    )
    if unworked:
        console.print(UNWORKED.format(unworked))
    console.print()
    for found in evidence.criteria:
        if found.verdict != "keep":
            console.print(f"[bold]{escape(found.says)}[/bold]  {escape(found.reason)}")
        if found.overlap is not None and found.overlap.explained >= 0.5:
            console.print(f"[bold]{escape(found.says)}[/bold]  {overlap_sentence(found)}")
    console.print(trial_sentence(trial))


def _row(found: CriterionEvidence) -> tuple[str, ...]:
    each = " (each)" if found.repeats and "each" not in found.says.casefold() else ""
    removal = found.removal
    return (
        escape(found.says) + each,
        signed(found.agreed),
        signed(found.points),
        f"{signed(found.low)} to {signed(found.high)}",
        f"{found.behind.conversions:,} of {found.behind.leads:,}",
        f"{signed(1000 * removal.loss)} ± {1000 * removal.error:.1f}",
        found.verdict,
    )


def overlap_sentence(found: CriterionEvidence) -> str:
    """How far a criterion says what others say already."""
    overlap = found.overlap
    assert overlap is not None
    return (
        f"Other criteria tell {100 * overlap.explained:.0f} % of it already; "
        f"{100 * overlap.share:.0f} % of its leads carry {escape(overlap.id)} too, "
        f"{100 * overlap.usual:.0f} % of the others do."
    )


def trial_sentence(trial: Trial | None) -> str:
    """Whether acting on older evidence would have paid on newer leads."""
    if trial is None:
        return "Too few leads to try a suggestion on newer ones."
    if trial.changes == 0:
        return "The older leads alone would have moved no criterion."
    clear = abs(trial.gain) > 2 * trial.error
    word = ("better" if trial.gain > 0 else "worse") if clear else "no clearer either way"
    return (
        f"Tried by time: points moved on the older leads ({trial.changes} criteria) tell the "
        f"{trial.tested:,} newest {word}: log loss of the rulebook alone {trial.before:.4f} -> "
        f"{trial.after:.4f} (gain {trial.gain:+.4f} ± {trial.error:.4f})."
    )


def show_suggestion(console: Console, suggestion: Suggestion, path: Path) -> None:
    """What the proposed edition changes."""
    if not suggestion.changes:
        console.print(f"Nothing to move: {escape(str(path))} is the edition as it stands.")
    for change in suggestion.changes:
        to = "goes" if change.after is None else signed(change.after, 0)
        console.print(f"  {change.id}: {signed(change.before, 0)} -> {to}")
    for says in suggestion.left_out:
        console.print(f"  Test left out, it spoke of the old points: {escape(says)}")
    console.print(
        f"Edition {escape(suggestion.edition.edition)}, unsigned, is in {escape(str(path))}. "
        f"Next: leadpact replay {escape(str(path))}"
    )
