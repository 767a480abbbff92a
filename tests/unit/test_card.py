"""The model card: one content in two forms, escaped, complete, the same for the same figures."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from models.reliability import diagram
from models.wording import signed
from training.card import make_card
from training.card_calibration import calibration
from training.card_render import _cell, card_html, card_markdown
from training.card_sections import sections
from training.censoring import teaching
from training.curve import Point, curve_sentence
from training.dataset import Dataset, load_dataset
from training.evaluate import evaluate, fit_rows, new_ladder
from training.evidence import evidence_of
from training.findings import ACCOUNTS_MIXED, RULEBOOK_NOT_INFORMATIVE, findings
from training.rungs import carrying, rungs_sentences

VERSIONS = {"model": "abc123", "bundle sha256": "abc123def"}
VOID = {"meta", "line", "circle", "rect", "path"}


class _Balanced(HTMLParser):
    """Fails when tags do not close in the order they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [str(value) for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def dataset(trained) -> Dataset:
    return load_dataset(trained)


@pytest.fixture(scope="module")
def card(dataset) -> dict[str, Any]:
    """A card of the simulated company, its ladder without trees so that it is quick."""
    ladder = new_ladder(dataset, 1, 0).set_params(boosters=False)
    fit_rows(dataset, ladder, np.arange(dataset.n))
    evaluation = evaluate(dataset, 1, 0)
    scores = ladder.fitted_.scale.points(ladder.decision_function(dataset.frame()))
    curve = [Point(100, 12, 0.34, 0.6, (0.02, 0.004)), Point(200, 24, 0.32, 0.7, (0.0, 0.0))]
    accepted = {"wants": "Looked odd. Accepted by --accept-leak."}
    told = (accepted, curve, evidence_of(dataset), teaching(dataset))
    return make_card(dataset, evaluation, ladder, scores, *told)


def test_the_card_is_plain_json_and_the_same_again(card) -> None:
    again = json.loads(json.dumps(card, allow_nan=False))
    assert card_html(again, VERSIONS) == card_html(card, VERSIONS)


def test_the_page_is_well_formed_loads_nothing_and_names_every_part_once(card) -> None:
    page = card_html(card, VERSIONS)
    parser = _Balanced()
    parser.feed(page)
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids)) > 10
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)


def test_both_forms_tell_every_section_sentence_and_cell(card) -> None:
    page, text = card_html(card, VERSIONS), card_markdown(card, VERSIONS)
    parser = _Balanced()
    parser.feed(page)
    shown = "\n".join(parser.texts)
    found = sections(card, VERSIONS)
    titles = [s.title for s in found]
    for wanted in (
        "What it is for",
        "What was left out, and why",
        "What carries it",
        "Is it calibrated?",
        "Same score, same meaning",
        "Groups of leads, and fairness",
        "Evidence about the rules",
        "Drift",
        "Limits",
        "Versions, and how to reproduce",
    ):
        assert wanted in titles
    for section in found:
        assert f"## {section.title}" in text
        assert section.title in page
        for grid in section.grids:
            for row in grid.rows:
                for cell in row:
                    assert cell in shown
                    assert cell.split() == [] or _cell(cell) in text
    (found,) = (s for s in sections(card, VERSIONS) if s.title == "Evidence about the rules")
    row = dict(zip(found.grids[0].head, found.grids[0].rows[0], strict=True))
    removal = card["evidence"][0]["removal"]
    assert row["without it"].startswith(signed(1000 * removal["loss"]))
    assert any(e["overlap"] is not None for e in card["evidence"])
    assert "proposal\\_status" in text
    assert "wants, used all the same" in text
    assert card["data_sha256"] in page


def test_simulated_is_said_on_every_part_with_figures(card) -> None:
    page, text = card_html(card, VERSIONS), card_markdown(card, VERSIONS)
    figures = [s for s in sections(card, VERSIONS) if s.grids or s.pictures]
    assert page.count('class="tag">Simulated') == len(figures) + 1
    assert text.count("(simulated)") == len(figures) + 1
    real = card_html(card | {"simulated": False}, VERSIONS)
    assert "imulated<" not in real


def test_texts_of_the_workspace_cannot_become_markup(card) -> None:
    nasty = '<img src=x onerror="alert(1)">|`*'
    poisoned = json.loads(json.dumps(card))
    poisoned["company"] = nasty
    poisoned["left_out"] = {nasty: f"because\n# {nasty}"}
    poisoned["evaluation"]["segments"][0]["value"] = nasty
    poisoned["evaluation"]["segments"][0]["by"] = nasty
    poisoned["drift"][0]["fields"][0]["says"] = nasty
    page, text = card_html(poisoned, VERSIONS), card_markdown(poisoned, VERSIONS)
    assert "<img" not in page
    assert page.count("&lt;img") >= 5
    assert not re.search(r"(?<!\\)<img", text)
    assert not re.search(r"(?m)^# <|(?<!\\)\|`", text)
    # Every row of a table still has as many cells as its head.
    for block in re.findall(r"(?m)(?:^\|.*\n)+", text):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1


def test_a_card_without_held_out_leads_says_so_and_still_reads(dataset, card) -> None:
    bare = json.loads(json.dumps(card)) | {"evaluation": None, "drift": [], "learning_curve": []}
    bare["findings"] = [{"name": "NotTested", "says": "nothing here was tested."}]
    text = card_markdown(bare, VERSIONS)
    assert "NotTested" in text
    assert "Is it calibrated?" not in text
    assert "## Drift" not in text


def test_too_few_held_out_leads_are_not_drawn(card) -> None:
    few = json.loads(json.dumps(card))
    few["evaluation"] |= {"corp": None, "corp_rulebook": None, "tested": 120}
    section = calibration(few)
    assert section.pictures == ()
    assert section.says == ("120 held-out leads are too few to draw a reliability diagram.",)


def test_the_statement_says_likelihood_interval_and_doubling(card, dataset) -> None:
    told = card["scale"]["statements"][-1]
    assert told["points"] == dataset.rulebook.hand_over_from
    assert 0 < told["low"] < told["likelihood"] < told["high"] < 1
    pattern = (
        r"61 points: about \d+ in 100 convert within 90 days \(\d+ to \d+\); [\d.]+ points more"
    )
    assert re.match(pattern, told["says"])


def test_segments_add_up_to_all_held_out_leads(card) -> None:
    tested = card["evaluation"]
    by: dict[str, int] = {}
    won: dict[str, int] = {}
    for s in tested["segments"]:
        by[s["by"]] = by.get(s["by"], 0) + s["observed"]["leads"]
        won[s["by"]] = won.get(s["by"], 0) + s["observed"]["conversions"]
    assert {"Grade", "First touch", "Touched by"} <= set(by)
    assert set(by.values()) == {tested["tested"]}
    assert set(won.values()) == {tested["leadpact"]["conversions"]}


def test_every_group_with_enough_leads_has_a_diagram_of_its_own(card) -> None:
    for s in card["evaluation"]["segments"]:
        assert (s["corp"] is not None) == (s["observed"]["leads"] >= 200)
    drawn = copy.deepcopy(card)
    for s in drawn["evaluation"]["segments"][:3]:
        s["corp"] = card["evaluation"]["corp"]
    html = card_html(drawn, VERSIONS)
    number = sum(s["corp"] is not None for s in drawn["evaluation"]["segments"])
    assert number >= 3
    assert f"Show {number} reliability diagrams" in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_bands_hold_every_lead_once_for_either_score(card) -> None:
    tested = card["evaluation"]
    for who in ("model", "rulebook"):
        assert sum(b[who]["leads"] for b in tested["bands"]) == tested["tested"]


def test_a_rulebook_that_does_not_separate_is_a_named_finding() -> None:
    settled: dict[str, Any] = {"told": 0.1, "drift": [], "groups": [], "accepted": {}}
    evaluation = {"rulebook": {"auc": 0.513}}
    (found,) = findings(slope=0.12, informative=False, evaluation=evaluation, **settled)
    assert found.name == RULEBOOK_NOT_INFORMATIVE
    assert "tell 12 % of what they state and rank held-out leads with an AUC of 0.51" in found.says
    assert findings(slope=0.9, informative=True, evaluation=evaluation, **settled) == []
    settled["mixed"] = True
    (found,) = findings(slope=0.9, informative=True, evaluation=evaluation, **settled)
    assert found.name == ACCOUNTS_MIXED


def test_each_rungs_loss_is_weighed_against_the_fitted_scale() -> None:
    rng = np.random.default_rng(0)
    f = rng.normal(-1, 1.5, 4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-f))).astype(np.float64)
    margins = {"fitted": 0.2 * f - 1, "updated": f, "combined": f, "y": y, "w": np.ones(4000)}
    rows = carrying(margins, {"fitted": 0.1, "updated": 0.9})
    by = {row.rung: row for row in rows}
    assert by["fitted"].gain == (0, 0)
    assert by["updated"].gain[0] > 10 * by["updated"].gain[1] > 0
    first, second = rungs_sentences({"rungs_why": [row.as_json() for row in rows]})
    assert first.startswith("Carried by updated points 90 %")
    assert second.endswith("clear of chance.")
    assert "not clear" not in second


def test_the_curve_says_what_twice_the_history_would_buy() -> None:
    # L(n) = .3 + 4 / n: 100 -> .34, 200 -> .32; doubling again buys .01.
    points = [Point(100, 9, 0.34, 0.6, (0.02, 0.002)), Point(200, 18, 0.32, 0.7, (0.0, 0.0))]
    assert "twice the history would buy about 0.0100 more" in curve_sentence(
        [p.as_json() for p in points]
    )
    flat = [Point(100, 9, 0.321, 0.6, (0.001, 0.002)), points[1]]
    assert "no gain clear of chance" in curve_sentence([p.as_json() for p in flat])


def test_the_diagram_on_the_card_is_the_diagram(card, dataset) -> None:
    evaluation = evaluate(dataset, 1, 0)
    assert evaluation is not None
    found = diagram(evaluation.y, evaluation.p)
    corp = card["evaluation"]["corp"]
    assert [s["leads"] for s in corp["steps"]] == [s.leads for s in found.steps]
    assert corp["smooth_error"] == pytest.approx(found.smooth_error, abs=1e-6)
