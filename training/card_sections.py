"""The model card in words and tables, from its figures: one content, told as HTML and Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.wording import signed
from training.card_calibration import calibration, gain, meaning, segments_of
from training.card_parts import Grid, Section, day, listed, rate_cell
from training.card_selection import whom_sales_worked
from training.curve import curve_sentence
from training.retention import retention_section
from training.rungs import rungs_sentences
from training.tune import tuning_sentence
from training.worth import worth_section

STATES = {
    "known": "whose end is known; these teach",
    "open": "still open: younger than the horizon, or being handled; never counted as lost",
    "explored": "that sales had left behind and then worked by lot: they tell of the unworked",
    "unworked": "that sales never worked: reported apart, never counted as lost",
    "excluded": "that turned out to be no lead, such as one cancelled: never counted as lost",
    "decided before": "decided before the instant they are looked at",
}


def sections(card: Mapping[str, Any], versions: Mapping[str, str]) -> list[Section]:
    """Every part of the card, in reading order; parts without figures are left out."""
    tested = card["evaluation"]
    found = [purpose(card), what_not_to_miss(card), history(card), left_out(card), rungs(card)]
    if tested is not None:
        found += [calibration(card), meaning(tested), gain(tested), segments_of(tested)]
    found += [
        whom_sales_worked(card["selection"]),
        worth_section(card["worth"]),
        retention_section(card.get("retention")),
        evidence(card),
        drift(card),
        limits(card),
        reproduce(card, versions),
    ]
    return [s for s in found if s.says or s.items or s.grids or s.pictures]


def purpose(card: Mapping[str, Any]) -> Section:
    """What the model is for, and what it is not for."""
    days, points = card["horizon_days"], card["hand_over_from"]
    return Section(
        "What it is for",
        (
            f"It tells how likely a lead of {card['company']} converts within {days:g} days, in "
            f"the points of rulebook edition {card['rulebook']}, so that marketing and sales "
            f"read one number. Leads are handed over from {points:g} points.",
            f"As agreed, before any history: {card['scale']['stated']}",
            "It is not for judging people, for prices or credit, for leads of another company, or "
            "for anything that the conversion it was taught does not stand for.",
        ),
    )


def what_not_to_miss(card: Mapping[str, Any]) -> Section:
    """The findings, by name."""
    items = tuple((f["name"], f["says"]) for f in card["findings"])
    says = () if items else ("Nothing stood out in the checks that are made at every training.",)
    return Section("What not to miss", says, items)


def history(card: Mapping[str, Any]) -> Section:
    """What taught it."""
    leads = card["leads"]
    rows = tuple(
        (state, f"{leads[state]:,}", means) for state, means in STATES.items() if state in leads
    )
    says = [
        f"{leads['in_file']:,} leads in the file; {card['conversions']:,} of those whose end is "
        "known converted."
    ]
    if card["history_from"]:
        says.append(
            f"Leads looked at from {day(card['history_from'])} on; history known until "
            f"{day(card['history_until'])}."
        )
    elif card["evaluation"] is not None and card["evaluation"]["split"] == "by time":
        says.append("The history has an order but no dates.")
    if leads["rejected_cells"]:
        says.append(
            f"{leads['rejected_cells']:,} cells could not be read; their rows are set aside."
        )
    says += open_leads(card)
    says.append(f"It looks at: {listed(card['inputs'])}.")
    if card["repeated"]:
        says.append(
            f"{card['repeated']:,} leads came more than once; each counts as a share of one."
        )
    for name, direction in card["monotone"].items():
        says.append(
            f"What is learned of {name} is {direction} throughout, as the fields file declares; "
            "what the rulebook says of it is not bound."
        )
    if card["half_life"] is not None:
        says.append(
            f"Older leads count less: half after {100 * card['half_life']:.0f} % of the period."
        )
    return Section("What taught it", tuple(says), grids=(_states(rows),) if rows else ())


def open_leads(card: Mapping[str, Any]) -> list[str]:
    """What became of open leads in training, in a sentence; nothing where none is open."""
    many, taught = card["leads"].get("open", 0), card["open_taught"]
    if taught:
        return [
            f"Of {many:,} open leads {taught:,} have converted already and teach: they and the "
            "known conversions are weighted by how many leads were old enough to show as much. "
            "The other open leads do not teach, and none counts as lost."
        ]
    if not many:
        return []
    return [f"The {many:,} open leads do not teach: {card['open_why_not']}. None counts as lost."]


def _states(rows: tuple[tuple[str, ...], ...]) -> Grid:
    return Grid(("leads", "how many", "what they are"), rows, "The leads of the file")


def left_out(card: Mapping[str, Any]) -> Section:
    """Fields that were left out, and suspicious ones that were not, with reasons."""
    items = [(name, reason) for name, reason in card["left_out"].items()]
    items += [(f"{name}, used all the same", why) for name, why in card["accepted_leaks"].items()]
    says = () if items else ("No field was left out, and none looked like a leak.",)
    return Section("What was left out, and why", says, tuple(items))


def rungs(card: Mapping[str, Any]) -> Section:
    """Which rungs carry it, and what more history would buy."""
    rows = tuple(
        (
            row["name"] if row["rung"] != "combined" else "all together",
            f"{100 * row['weight']:.0f}",
            f"{row['log_loss']:.4f}",
            _gain(row),
        )
        for row in card["rungs_why"]
    )
    head = ("rung", "weight, %", "log loss", "below the fitted scale")
    grids = [Grid(head, rows, "Each rung on leads that were not in its fit")] if rows else []
    says = list(rungs_sentences(card))
    if card.get("tuning") is not None:
        says.append(tuning_sentence(card["tuning"]))
    if card["learning_curve"]:
        says.append(curve_sentence(card["learning_curve"]))
        points = tuple(
            (f"{p['leads']:,}", f"{p['conversions']:,}", f"{p['log_loss']:.4f}", f"{p['auc']:.3f}")
            for p in card["learning_curve"]
        )
        head = ("leads taught", "converted", "log loss", "AUC")
        grids.append(Grid(head, points, "The same held-out leads, taught by parts of the history"))
    return Section("What carries it", tuple(says), grids=tuple(grids))


def _gain(row: Mapping[str, Any]) -> str:
    """How far a rung's loss is below the fitted scale's, with its standard error."""
    if row["rung"] == "fitted":
        return "\N{EN DASH}"
    error = f"{row['gain_standard_error']:.4f}"
    return f"{signed(row['gain'], 4)} \N{PLUS-MINUS SIGN} {error}"


def evidence(card: Mapping[str, Any]) -> Section:
    """What history says each criterion is worth; empty where nothing was weighed."""
    told = card.get("evidence") or []
    says_of = {row["id"]: row["says"] for row in told}
    rows = tuple(
        (
            row["says"],
            signed(row["agreed"], 0 if float(row["agreed"]).is_integer() else 1),
            f"{signed(row['points'])} ({signed(row['low'])} to {signed(row['high'])})",
            f"{row['conversions']:,} of {row['leads']:,}",
            _without(row.get("removal")),
            _along(row.get("overlap"), says_of),
            row["verdict"],
        )
        for row in told
    )
    if not rows:
        return Section("Evidence about the rules")
    head = (
        "criterion", "agreed", "evidence (90 %)", "converted", "without it", "goes with", "verdict"
    )  # fmt: skip
    disputed = [row for row in told if row["verdict"] not in ("keep", "too little data")]
    says = (
        f"History disputes {len(disputed)} of {len(told)} criteria; of as many fair ones about "
        f"{0.1 * len(told):.0f} fall outside by chance.",
    )
    caption = (
        "Points as agreed, and as leads alike in all else support them; by how much the rulebook's "
        "log loss rises without the criterion, x 1,000, with its standard error; and the criterion "
        "that leads with this one carry more often, or less, than others do"
    )
    return Section("Evidence about the rules", says, grids=(Grid(head, rows, caption),))


def _without(removal: Mapping[str, float] | None) -> str:
    """What the rulebook loses without a criterion; a dash on cards from before it was told."""
    if removal is None:
        return "\N{EN DASH}"
    error = f"{1000 * removal['error']:.1f}"
    return f"{signed(1000 * removal['loss'])} \N{PLUS-MINUS SIGN} {error}"


def _along(overlap: Mapping[str, Any] | None, says_of: Mapping[str, str]) -> str:
    if overlap is None:
        return "\N{EN DASH}"
    name = says_of.get(overlap["id"], overlap["id"])
    share, usual = 100 * overlap["share"], 100 * overlap["usual"]
    return f"{name}: {share:.0f} % of its leads, {usual:.0f} % of others"


def drift(card: Mapping[str, Any]) -> Section:
    """Which inputs moved, and whether the rate did."""
    says, grids = [], []
    for d in card["drift"]:
        moved = "moved by more than chance" if d["rate_moved"] else "did not clearly move"
        says.append(
            f"From {d['older']} to {d['newer']} the conversion rate {moved}: "
            f"{rate_cell(d['before'])} to {rate_cell(d['after'])} in 100."
        )
        rows = tuple(
            (f["label"], f"{f['psi']:.3f}", f"{f['noise']:.3f}", f["verdict"], f["says"])
            for f in d["fields"][:8]
        )
        head = ("input", "PSI", "chance alone", "verdict", "what changed most")
        caption = f"Inputs that moved most, {d['older']} against {d['newer']}, of {d['judged']}"
        grids.append(Grid(head, rows, caption))
    if any(d["rate_moved"] for d in card["drift"]):
        says.append("A rate that has not happened yet cannot be calibrated.")
    return Section("Drift", tuple(says), grids=tuple(grids))


def limits(card: Mapping[str, Any]) -> Section:
    """What the figures do not say."""
    says = []
    tested = card["evaluation"]
    if tested is not None:
        says.append(
            f"The figures are of a model taught by {tested['trained']:,} leads and tested on "
            f"{tested['tested']:,} ({tested['split']}); the one that scores was then taught by all."
        )
    says += [
        "An interval speaks of leads like this one, as far as its fields tell them apart; it is no "
        "statement about what the fields do not hold.",
        "Groups in the tables overlap and many are looked at: 1 in 10 lies outside a 90 % interval "
        "by chance.",
        "A group that is told right may still be handed over less often than another: the table "
        "shows it, people must judge it.",
    ]
    if card["clocks"]:
        says.append(
            f"{listed(list(card['clocks']))} told mostly when a lead came, and were believed less."
        )
    if card["simulated"]:
        says.append("The company and all its leads are simulated; no figure is about real people.")
    return Section("Limits", tuple(says))


def reproduce(card: Mapping[str, Any], versions: Mapping[str, str]) -> Section:
    """Versions, and how to make the same model again."""
    says = (
        "The same files, documents, versions and seed give the same bundle, byte for byte: "
        f"{_command(card)}, then compare the bundle's sha256.",
    )
    items = (*versions.items(), ("data sha256", card["data_sha256"]))
    return Section("Versions, and how to reproduce", says, tuple(items))


def _command(card: Mapping[str, Any]) -> str:
    aligned = card.get("aligned")
    if aligned:
        seed = f"--seed {aligned['seed']}"
        return f"`leadpact align -w WORKSPACE {seed}` with model {aligned['from']} as champion"
    tuning = card.get("tuning")
    tried = "" if tuning is None else f" --tune {tuning['trials']}"
    return f"`leadpact train -w WORKSPACE --seed {card['seed']}{tried}`"
