"""The model's page of a card that has little to tell."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI

from models.scorer import Scorer
from models.workspace import Workspace
from serving.access.caller import Caller
from serving.driving import drivers
from serving.pages import frame
from serving.pages.model import side_of, sides_told
from serving.pages.model_figures import reliability
from training.drift import MOVED, SHIFTED


def page_of(trained: Workspace, rival: dict[str, Any] | None = None, **card: Any) -> str:
    scorer = Scorer.load(trained.champion())
    told = {k: v for k, v in scorer.card.items() if k not in card} | card
    thin: Any = SimpleNamespace(
        card=told,
        simulated=False,
        versions=scorer.versions,
        fields=scorer.fields,
        rulebook=scorer.rulebook,
    )
    app = FastAPI()
    frame.mount(app)
    caller = Caller("person", "0" * 16, "analyst", frozenset({"model.read"}), "Ada")
    sides = [side_of("champion", thin, trained)]
    if rival is not None:
        other: Any = SimpleNamespace(**vars(thin) | {"card": told | rival})
        sides.append(side_of("challenger", other, trained))
    context = sides_told(sides) | {"why_not": "", "drivers": [], "driven": 0}
    context |= {"most": 1.0, "scorer": thin}
    context |= {"shapes": [], "widest": 1.0}
    context |= {"caller": caller, "token": "", "here": "/model"}
    return str(app.state.templates.get_template("model.html").render(context))


def test_a_model_that_no_outcome_was_held_back_from_says_so(trained: Workspace):
    page = page_of(trained, evaluation=None, rungs_why=[], learning_curve=[], drift=[])
    assert "There were too few outcomes to hold any back." in page
    assert "The agreed scale alone" in page


def test_a_history_without_open_leads_tells_none(trained: Workspace):
    page = page_of(trained, leads={"in_file": 1200, "rejected_cells": 0, "known": 1200})
    assert "1,200 leads in the file: 1,200 with a known end taught; 0 open, 0 never" in page


def part_of(page: str, heading: str) -> str:
    """From a section's heading to its end, as text without tags."""
    section = page.partition(f'id="{heading}"')[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", section).split())


def test_the_first_challenger_of_a_champion_that_began_without_leads_shows_its_figures(
    trained: Workspace,
):
    evaluation = Scorer.load(trained.champion()).card["evaluation"]
    page = page_of(trained, {"evaluation": evaluation}, evaluation=None, drift=[])
    held = part_of(page, "held")
    assert f"{evaluation['leadpact']['log_loss']:.4f}" in held
    assert "Champion: There were too few outcomes to hold any back." in held
    assert "Two models are compared fairly" not in held
    assert 'id="rel-challenger"' in page
    assert "Challenger: leads" in page
    assert "Champion: leads" not in page
    lift = page.partition('id="lift"')[2].partition("</figure>")[0]
    assert re.findall(r'class="num">(\w[^<]+)</th>', lift) == ["Challenger", "Rulebook alone"]
    assert lift.count("<polyline") == 2


def moved(label: str, psi: float, verdict: str) -> dict[str, Any]:
    return {"label": label, "psi": psi, "verdict": verdict, "says": f"what {label} did"}


def test_shifted_inputs_are_told_before_moved_ones_and_say_between_which_parts(trained: Workspace):
    fields = [
        moved("Headcount", 0.61, "shifted"),
        moved("Source", 0.14, "moved"),
        moved("Title", 0.02, "stable"),
    ]
    thirds = {"older": "oldest third", "newer": "newest third", "judged": 17, "rate_moved": True}
    held = {"older": "taught", "newer": "held out", "judged": 17, "rate_moved": False}
    told = [thirds | {"fields": fields}, held | {"fields": fields[2:]}]
    drift = part_of(page_of(trained, drift=told), "drift-champion")
    first, _, second = drift.partition("Taught against held out")
    assert "Oldest third against newest third The conversion rate moved" in first
    assert first.index("Headcount: what Headcount did shifted, PSI 0.61") < first.index("Source: ")
    assert "Title" not in drift
    assert "did not clearly move. None of 17 inputs moved by more than chance." in second
    assert f"moved from .{MOVED * 100:.0f}, shifted from .{SHIFTED * 100:.0f}." in drift


def test_both_sides_tell_their_drift_and_what_they_left_out(trained: Workspace):
    other = {"drift": [], "leads": {"in_file": 77}, "left_out": {"tag": "set by reps"}}
    page = page_of(trained, other)
    assert "no older and newer part of the history" in part_of(page, "drift-challenger")
    assert "newest third" in part_of(page, "drift-champion")
    assert "77 leads in the file" in part_of(page, "out-challenger")
    assert "set by reps" in part_of(page, "out-challenger")
    assert "set by reps" not in part_of(page, "out-champion")


def test_an_aligned_model_says_whose_figures_it_shows(trained: Workspace):
    evaluation = Scorer.load(trained.champion()).card["evaluation"] | {"of_model": "5ca1ab1e"}
    page = page_of(trained, {"evaluation": evaluation, "aligned": {"from": "5ca1ab1e"}})
    line = page.partition("<h1>Model</h1>")[2].partition("</p>")[0]
    assert line.count("aligned from model 5ca1ab1e to edition 2025.1") == 1
    assert part_of(page, "held").count("are of model 5ca1ab1e; this one was aligned from it") == 1


def test_a_line_that_moves_nothing_is_no_driver():
    line = {"kind": "agreed", "key": "title", "label": "Title", "agreed": 0.0, "learned": 0.0}
    moved = line | {"key": "size", "label": "Size", "agreed": -4.0}
    assert drivers([{"reasons": [line]}], 15) == []
    assert [d["label"] for d in drivers([{"reasons": [line, moved]}], 15)] == ["Size"]


def test_both_axes_of_a_plot_are_numbered_and_a_histogram_stands_below(trained: Workspace):
    tested = Scorer.load(trained.champion()).card["evaluation"]
    drawn = page_of(trained).partition('id="rel-champion"')[2].partition("</figure>")[0]
    across = re.findall(r'<text x="[\d.]+%" y="328"[^>]*>(\d+)<', drawn)
    assert re.findall(r'<text x="2" y="[\d.]+">(\d+)<', drawn) == across[1:]
    assert [int(t) for t in across] == sorted({int(t) for t in across})
    told = sum(n > 0 for n in tested["told_histogram"])
    assert drawn.count('<rect class="spent"') == told > 2
    bars = reliability(tested["corp"], tested["told_histogram"])
    assert bars is not None
    assert max(tall for _, _, tall in bars.bars) == 40
    assert all(x >= 0 and x + wide <= 100 for x, wide, _ in bars.bars)


def test_groups_that_one_model_alone_was_tested_on_say_so(trained: Workspace):
    evaluation = Scorer.load(trained.champion()).card["evaluation"]
    one = evaluation["segments"][1] | {"value": "new", "holds": False}
    rival = {"evaluation": evaluation | {"segments": [evaluation["segments"][1], one]}}
    told = part_of(page_of(trained, rival), "segments")
    assert f"{one['by']}: new none" in told
    assert told.count("told lies outside") == 1
    assert f"{evaluation['segments'][0]['by']}: {evaluation['segments'][0]['value']}" in told


def test_the_challengers_lift_stands_beside_the_champions(trained: Workspace):
    evaluation = Scorer.load(trained.champion()).card["evaluation"]
    caught = [k / 40 for k in range(21)]
    page = page_of(trained, {"evaluation": evaluation | {"gain": caught}})
    lift = page.partition('id="lift"')[2].partition("</figure>")[0]
    assert lift.count('<polyline class="steps dashed"') == 1
    assert "by the challenger hold 10 in 100" in lift
    heads = re.findall(r'class="num">(\w[^<]+)</th>', lift)
    assert heads == ["Champion", "Challenger", "Rulebook alone"]
    cells = re.findall(r'data-l="challenger">(\d+)<', lift)
    assert cells == [f"{100 * share:.0f}" for share in caught[::2]]


def test_without_a_challenger_or_its_held_back_leads_no_lift_is_drawn_of_it(trained: Workspace):
    for rival in (None, {"evaluation": None}):
        lift = page_of(trained, rival).partition('id="lift"')[2].partition("</figure>")[0]
        assert "hallenger" not in lift
        assert "dashed" not in lift
