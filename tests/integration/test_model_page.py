"""The model's page of a card that has little to tell."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI

from models.scorer import Scorer
from models.workspace import Workspace
from serving.access.caller import Caller
from serving.pages import frame
from serving.pages.model import FIGURES, side_of
from serving.pages.model_figures import drivers


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
    sides = [side_of("champion", thin)]
    if rival is not None:
        other: Any = SimpleNamespace(**vars(thin) | {"card": told | rival})
        sides.append(side_of("challenger", other))
    context: dict[str, Any] = {"sides": sides, "why_not": "", "drivers": [], "driven": 0}
    context |= {"most": 1.0, "figures": FIGURES, "card": told, "scorer": thin}
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


def test_a_line_that_moves_nothing_is_no_driver():
    line = {"kind": "agreed", "key": "title", "label": "Title", "agreed": 0.0, "learned": 0.0}
    moved = line | {"key": "size", "label": "Size", "agreed": -4.0}
    assert drivers([{"reasons": [line]}], 15) == []
    assert [d["label"] for d in drivers([{"reasons": [line, moved]}], 15)] == ["Size"]


def test_the_challengers_lift_stands_beside_the_champions(trained: Workspace):
    evaluation = Scorer.load(trained.champion()).card["evaluation"]
    caught = [k / 40 for k in range(21)]
    page = page_of(trained, {"evaluation": evaluation | {"gain": caught}})
    lift = page.partition('id="lift"')[2].partition("</figure>")[0]
    assert lift.count('<polyline class="steps dashed"') == 1
    assert "by the challenger 10," in lift
    heads = re.findall(r'class="num">(\w[^<]+)</th>', lift)
    assert heads == ["Champion", "Challenger", "Rulebook alone"]
    cells = re.findall(r"challenger </span>(\d+)<", lift)
    assert cells == [f"{100 * share:.0f}" for share in caught]


def test_without_a_challenger_or_its_held_back_leads_no_lift_is_drawn_of_it(trained: Workspace):
    for rival in (None, {"evaluation": None}):
        lift = page_of(trained, rival).partition('id="lift"')[2].partition("</figure>")[0]
        assert "challenger" not in lift.lower()
        assert "dashed" not in lift
