"""The model card's sections on held-out leads: calibration, meaning, lift, segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.card_parts import (
    Grid,
    Picture,
    Section,
    rate_cell,
    share_cell,
    span_of,
)

_METRICS = (
    ("auc", "AUC"),
    ("log_loss", "log loss"),
    ("brier", "Brier"),
    ("ece", "ECE, 15 equal bins"),
    ("lift10", "lift of the best 10 %"),
)


def calibration(card: Mapping[str, Any]) -> Section:
    """Whether likelihoods mean what they say: metrics, CORP diagrams, decomposition."""
    tested = card["evaluation"]
    rows = tuple(
        (name, *(f"{tested[key][metric]:.4f}" for metric, _ in _METRICS))
        for key, name in (
            ("leadpact", "this model"),
            ("rulebook", "rulebook alone, on a fitted scale"),
            ("base_rate", "the base rate for everyone"),
        )
    )
    head = ("method", *(name for _, name in _METRICS))
    caption = f"{tested['tested']:,} held-out leads ({tested['split']})"
    grids = [Grid(head, rows, caption)]
    chance = tested["ece_by_chance"]
    floor = (
        f"ECE {tested['leadpact']['ece']:.4f}; on these leads true likelihoods would show "
        f"{chance['mean']:.4f} on average, and less than {chance['p95']:.4f} in 95 of 100 draws."
    )
    pictures = []
    if tested["corp"] is None:
        says = [f"{tested['tested']:,} held-out leads are too few to draw a reliability diagram."]
    else:
        says = [
            floor,
            _reading("This model", tested["corp"]),
            _reading("Rulebook", tested["corp_rulebook"]),
        ]
        grids.append(_decompositions(tested))
        for title, key in (("This model", "corp"), ("The rulebook alone", "corp_rulebook")):
            pictures.append(_reliability(title, tested[key], tested["told_histogram"], key))
    if tested.get("of_model"):
        says.insert(0, f"All of this is model {tested['of_model']}'s, which was aligned since.")
    return Section("Is it calibrated?", tuple(says), pictures=tuple(pictures), grids=tuple(grids))


def _reading(who: str, corp: Mapping[str, Any]) -> str:
    outside = corp["outside"]
    inside = "as chance gives it" if outside <= 0.15 else "more than the 10 in 100 chance gives"
    return (
        f"{who}: smooth calibration error {100 * corp['smooth_error']:.1f} in 100; "
        f"{100 * outside:.0f} in 100 leads lie where the recalibrated likelihood leaves the 90 % "
        f"band, {inside}."
    )


def _decompositions(tested: Mapping[str, Any]) -> Grid:
    rows = []
    for key, who in (("corp", "this model"), ("corp_rulebook", "rulebook alone")):
        for score, name in (("brier", "Brier"), ("log_loss", "log loss")):
            d = tested[key][score]
            parts = ("score", "miscalibration", "discrimination", "uncertainty")
            rows.append((f"{name}, {who}", *(f"{d[p]:.4f}" for p in parts)))
    head = ("score", "total", "miscalibration", "discrimination", "uncertainty")
    caption = (
        "CORP decomposition: total = miscalibration \N{MINUS SIGN} discrimination + uncertainty"
    )
    return Grid(head, tuple(rows), caption)


def _reliability(title: str, corp: Mapping[str, Any], told: list[int], key: str) -> Picture:
    rows = tuple(
        (
            f"{100 * s['start']:.1f} to {100 * s['end']:.1f}",
            f"{s['leads']:,}",
            f"{100 * s['happened']:.1f}",
        )
        for s in corp["steps"]
    )
    twin = Grid(("told, in 100", "leads", "happened, in 100"), rows, f"{title}: steps of the curve")
    reading = (
        f"Brier score {corp['brier']['score']:.4f}: miscalibration "
        f"{corp['brier']['miscalibration']:.4f}, discrimination "
        f"{corp['brier']['discrimination']:.4f}. {corp['leads']:,} leads, "
        f"{corp['conversions']:,} converted."
    )
    model = key == "corp"
    data = {**corp, "histogram": told if model else [], "ink": "learned" if model else "agreed"}
    return Picture("reliability", f"{title}: told and happened", reading, data, twin)


def meaning(tested: Mapping[str, Any]) -> Section:
    """Same score, same meaning: the two scores, band by band."""
    verdicts = {True: "yes", False: "no", None: "too few"}
    rows = tuple(
        (
            f"{b['start']:g} to {b['end']:g}",
            share_cell(b["told"]),
            rate_cell(b["model"]),
            rate_cell(b["rulebook"]),
            rate_cell(b["both"]),
            verdicts[b["agrees"]],
        )
        for b in tested["bands"]
    )
    head = ("points", "told", "model puts there", "rulebook puts there", "both do", "alike")
    grid = Grid(head, rows, "Of held-out leads in each band, how many in 100 converted (90 %)")
    return Section("Same score, same meaning", (tested["same_meaning"],), grids=(grid,))


def gain(tested: Mapping[str, Any]) -> Section:
    """Conversions caught by the best scores."""
    at = [(k, 5 * k) for k in (1, 2, 4, 6, 10)]
    rows = tuple(
        (f"{share} %", share_cell(tested["gain"][k]), share_cell(tested["gain_rulebook"][k]))
        for k, share in at
    )
    reading = (
        f"The best 20 % by this model hold {100 * tested['gain'][4]:.0f} in 100 conversions, by "
        f"the rulebook {100 * tested['gain_rulebook'][4]:.0f}."
    )
    head = ("best scores worked", "this model", "rulebook alone")
    twin = Grid(head, rows, "Conversions caught, in 100")
    data = {"model": tested["gain"], "rulebook": tested["gain_rulebook"]}
    picture = Picture("gain", "Conversions caught by the best scores", reading, data, twin)
    return Section("What working the best scores catches", pictures=(picture,))


def segments_of(tested: Mapping[str, Any]) -> Section:
    """Is every group told the truth, and how often is it handed over?"""
    by: dict[str, list[Mapping[str, Any]]] = {}
    for segment in tested["segments"]:
        by.setdefault(segment["by"], []).append(segment)
    grids = tuple(_segments(name, found) for name, found in by.items())
    judged = [s for s in tested["segments"] if s["holds"] is not None]
    off = [s for s in judged if not s["holds"]]
    says = (
        f"In {len(off)} of {len(judged)} groups with 30 leads or more the mean likelihood lies "
        f"outside the observed rate's 90 % interval; chance gives about {0.1 * len(judged):.0f}.",
    )
    gallery = tuple(
        _reliability(f"{s['by']}, {s['value']}", s["corp"], [], "corp")
        for s in tested["segments"]
        if s["corp"] is not None
    )
    return Section("Groups of leads, and fairness", says, grids=grids, gallery=gallery)


def _segments(name: str, found: list[Mapping[str, Any]]) -> Grid:
    verdicts = {True: "yes", False: "no", None: "too few"}
    rows = tuple(
        (
            s["value"],
            f"{s['observed']['leads']:,}",
            share_cell(s["told"]),
            rate_cell(s["observed"]),
            verdicts[s["holds"]],
            share_cell(s["smooth_error"]),
            share_cell(s["handed_over"]),
            share_cell(s["caught"]),
        )
        for s in found
    )
    head = (
        name,
        "leads",
        "told",
        "happened (90\N{NO-BREAK SPACE}%)",
        "holds",
        "smooth error",
        "handed over",
        "of converted, handed over",
    )
    spans = tuple(span_of(s["observed"], s["told"]) for s in found)
    return Grid(head, rows, f"By {name[:1].lower()}{name[1:]}, in 100", spans)
