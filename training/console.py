"""What the command line shows: tables and sentences, with rich."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.answer import disqualified_of, value_of
from models.explanation import Explanation
from models.reconciliation import label
from models.wording import score_sentence, signed
from training.card_sections import open_leads
from training.card_selection import unworked_sentences
from training.curve import curve_sentence
from training.rungs import rungs_sentences
from training.tune import tuning_sentence

if TYPE_CHECKING:
    from models.scorer import Scorer, Scores
    from training.pipeline import Result

_OWNER = {"marketing": "M", "sales": "S", "joint": "J"}
_FIGURES = ("auc", "log_loss", "brier", "ece", "lift10")


def show_training(console: Console, result: Result) -> None:
    """What a training made, for people."""
    d = result.dataset
    told = ", ".join(f"{count:,} {state}" for state, count in d.states.items())
    console.print(f"[bold]{d.rows:,} leads[/bold]: {told}; {int(d.y.sum()):,} converted.")
    if d.rejected:
        rows = len({(r.file, r.row) for r in d.rejected})
        first = d.rejected[0]
        console.print(
            f"{rows:,} rows set aside; first: {escape(first.file)}, row {first.row}, "
            f"{first.field}: {escape(first.reason)}"
        )
    for sentence in open_leads(result.card):
        console.print(sentence)
    show_card(console, result.card)
    console.print(f"Every score adds up: largest gap {result.largest_gap:.1e} points.")
    console.print(f"Model card: {escape(str(result.cards / 'card.html'))}, and card.md beside it.")
    r = result.registered
    if r is not None:
        role = "champion (the first model)" if r.champion else "challenger"
        console.print(f"Model [bold]{r.model}[/bold], {r.name} version {r.version}: {role}.")


def show_card(console: Console, card: dict[str, Any]) -> None:
    """The card's figures and findings, for people."""
    tested = card["evaluation"]
    if tested is not None:
        console.print(metrics_table(tested, card["simulated"]))
        console.print(tested["same_meaning"])
    for sentence in (*rungs_sentences(card), *unworked_sentences(card["selection"])):
        console.print(sentence)
    if card.get("tuning") is not None:
        console.print(tuning_sentence(card["tuning"]))
    if card["learning_curve"]:
        console.print(curve_sentence(card["learning_curve"]))
    console.print(card["scale"]["says"])
    for finding in card["findings"]:
        console.print(f"[bold]{finding['name']}[/bold] {escape(finding['says'])}")


def metrics_table(evaluation: dict[str, Any], simulated: bool) -> Table:
    """The held-out figures side by side."""
    mark = ", simulated" if simulated else ""
    title = (
        f"{evaluation['tested']:,} unseen leads ({evaluation['split']}{mark}), "
        f"{evaluation['trained']:,} taught"
    )
    table = Table("method", *_FIGURES, title=title, title_justify="left")
    names = {"leadpact": "Leadpact", "rulebook": "rulebook alone", "base_rate": "base rate"}
    for key, name in names.items():
        table.add_row(name, *(f"{evaluation[key][f]:.4f}" for f in _FIGURES))
    return table


def show_lead(console: Console, lead: str, scores: Scores, i: int, scorer: Scorer) -> None:
    """One lead's score, taken apart."""
    explanation = scores.explain(i)
    says = score_sentence(
        float(scores.likelihood[i]),
        float(scores.low[i]),
        float(scores.high[i]),
        scorer.rulebook.horizon_days,
    )
    mark = "  [dim](simulated company)[/dim]" if scorer.simulated else ""
    console.print(f"\n[bold]{escape(lead)}: {scores.shown[i]:.0f}[/bold]  {says}{mark}")
    console.print(
        f"Agreed {scores.agreed[i]:.0f}, grade {scores.grades[i]}, hand-over from "
        f"{scorer.rulebook.hand_over_from:g}. Rulebook {scorer.versions.rulebook}, model "
        f"{scorer.versions.model}."
    )
    for told in beside_the_score(scores, i):
        console.print(escape(told))
    worth = value_of(scores, i, scorer)
    if worth is not None:
        console.print(f"Expected value {escape(worth['says'])}")
    console.print(lines_table(explanation))


def beside_the_score(scores: Scores, i: int) -> Iterator[str]:
    """Fit, engagement and their cell, how both scores part, and what keeps the lead back: as far as
    there is any of it."""
    parts = [f"{name} {signed(float(x[i]))}" for name, x in scores.sub_scores.items()]
    if parts:
        cell = scores.cells[i]
        yield f"Agreed {', '.join(parts)}{f': {cell} on the grid' if cell else ''}."
    apart = label(scores, i)
    if apart.responsible is not None:
        yield apart.says
    kept = disqualified_of(scores, i)
    if kept is not None:
        yield f"Never handed over: {kept['says']}. Its way is {kept['route'].replace('_', ' ')}."


def lines_table(explanation: Explanation) -> Table:
    """The waterfall as a table: agreed, learned and running total in points."""
    table = Table("", "line", "agreed", "learned", "total")
    for column in table.columns[2:]:
        column.justify = "right"
    total = 0.0
    small = [line for line in explanation.lines if _folded(line.agreed, line.learned)]
    for line in explanation.lines:
        if line in small:
            continue
        total += line.points
        cells = (signed(line.agreed), signed(line.learned), f"{total:.1f}")
        table.add_row(_OWNER[line.owner], escape(line.sentence), *cells)
    if small:
        learned = sum(line.learned for line in small)
        told = f"{len(small)} smaller lines, none above 0.6"
        table.add_row("", told, "0.0", signed(learned), f"{total + learned:.1f}")
    return table


def _folded(agreed: float, learned: float) -> bool:
    return agreed == 0.0 and abs(learned) < 0.6
