"""Two scores for every lead: labels, what is responsible, and who was right."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from features.errors import NothingToLearn
from leadpact import app
from models.answer import answer
from models.explanation import Explanation, Line, LineKind
from models.handover import handed_over
from models.reconciliation import (
    IN_AGREEMENT,
    LEARNED_HIGH,
    LEARNED_LOW,
    Told,
    beyond_tolerance,
    disagreements,
    label,
    quadrants,
    responsible,
    standing,
)
from models.scorer import Scorer, Scores
from models.workspace import Workspace
from tests.support import build
from training.console_reconcile import show_reconciliation
from training.dataset import load_dataset
from training.reconcile import compare, told_of
from training.sample import write_workspace


def _line(key: str, learned: float, kind: str = "field") -> Line:
    return Line(key, cast(LineKind, kind), "joint", key, key, 0.0, learned)


def test_the_line_that_learned_most_that_way_is_responsible() -> None:
    lines = (_line("base", -30, "base"), _line("a", -9), _line("b", -12), _line("c", 20))
    told = Explanation(lines, 0.0, 0.0)
    assert responsible(told, -25).key == "b"
    assert responsible(told, +25).key == "c"


def test_only_the_base_is_left_where_no_fact_learned_that_way() -> None:
    lines = (_line("base", -30, "base"), _line("a", 2), _line("limit", -99, "limit"))
    assert responsible(Explanation(lines[:2], 0.0, 0.0), -25).key == "base"
    assert responsible(Explanation(lines, 0.0, 0.0), 10).key == "a"


def test_scores_disagree_beyond_the_tolerance_after_the_cut_at_0_and_100() -> None:
    learned = np.array([50.0, 66, 65, 34, -40, 130])
    agreed = np.array([50.0, 50, 50, 50, 10, 90])
    low, high = disagreements(learned, agreed, 15)
    assert low.tolist() == [False, False, False, True, False, False]
    assert high.tolist() == [False, True, False, False, False, False]


def test_scores_disagree_as_they_are_shown() -> None:
    # 49.6 and 65.4 part by more than 15 points; people read 50 and 65.
    _, high = disagreements(np.array([65.4, 65.5]), np.array([49.6, 49.6]), 15)
    assert high.tolist() == [False, True]


def _told(n: int, seed: int, truth: str) -> Told:
    """Leads whose outcomes follow the model or the rulebook."""
    rng = np.random.default_rng(seed)
    f_agreed, f_learned = rng.normal(-1, 1, n), rng.normal(-1, 1, n)
    f = f_learned if truth == "model" else f_agreed
    y = (rng.random(n) < 1 / (1 + np.exp(-f))).astype(np.float64)
    return Told(50 + 17 * f_learned, 50 + 17 * f_agreed, f_learned, f_agreed, y)


@pytest.mark.parametrize(("truth", "right"), [("model", "the model"), ("rule", "the rulebook")])
def test_who_was_right_is_who_told_what_happened(truth: str, right: str) -> None:
    told = _told(3000, 1, truth)
    groups = quadrants(told, 50)
    assert [g.name for g in groups] == ["both high", LEARNED_LOW, LEARNED_HIGH, "both low"]
    assert {g.right for g in groups[1:3]} == {right}
    assert sum(g.observed.leads for g in groups) == 3000
    assert sum(g.observed.conversions for g in groups) == told.y.sum()


def test_leads_that_a_disqualifier_keeps_back_are_in_no_quadrant() -> None:
    told = _told(3000, 2, "rule")
    barred = np.arange(len(told)) % 4 == 0
    free, whole = quadrants(told, 50, barred), quadrants(told, 50)
    assert [q.name for q in free] == [*(q.name for q in whole), "kept back by a disqualifier"]
    assert sum(q.observed.leads for q in free) == len(told)
    assert free[-1].observed.leads == barred.sum()
    over = handed_over(told.learned, 50, barred) & handed_over(told.agreed, 50, barred)
    assert free[0].observed.leads == over.sum()


def test_three_leads_decide_nothing_however_clear_they_look() -> None:
    f = np.array([-5.0, -5.0, -5.0])
    three = Told(np.zeros(3), np.full(3, 90.0), f, -f, np.zeros(3))
    found = standing("few", np.ones(3, dtype=bool), three)
    assert found.gain > 0
    assert found.right == "not decided"


def test_a_group_without_leads_is_told_as_empty() -> None:
    found = standing("none", np.zeros(3000, dtype=bool), _told(3000, 1, "model"))
    assert found.observed.leads == 0
    assert np.isnan(found.gain)
    assert found.right == "not decided"


def test_gain_is_the_mean_difference_of_log_losses() -> None:
    told = _told(50, 2, "model")
    found = standing("all", np.ones(50, dtype=bool), told)
    loss = []
    for f in (told.f_agreed, told.f_learned):
        p = 1 / (1 + np.exp(-f))
        loss.append(-np.mean(told.y * np.log(p) + (1 - told.y) * np.log(1 - p)))
    assert found.gain == pytest.approx(loss[0] - loss[1])
    assert found.told_learned == pytest.approx(np.mean(1 / (1 + np.exp(-told.f_learned))))


def test_an_equal_guess_is_rarely_called_right_or_wrong() -> None:
    called = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        f = np.full(200, -1.0)
        noise = rng.normal(0, 0.4, 200)
        y = (rng.random(200) < 1 / (1 + np.exp(1.0))).astype(np.float64)
        told = Told(np.zeros(200), np.zeros(200), f + noise, f - noise, y)
        called.append(standing("", np.ones(200, dtype=bool), told).right != "not decided")
    assert np.mean(called) < 0.17


def test_groups_by_tolerance_cover_all_leads() -> None:
    groups = beyond_tolerance(_told(500, 3, "model"), 15)
    assert [g.name for g in groups] == [IN_AGREEMENT, LEARNED_LOW, LEARNED_HIGH]
    assert sum(g.observed.leads for g in groups) == 500


def test_the_tolerance_is_part_of_what_both_teams_sign() -> None:
    plain = build.rulebook()
    assert plain.tolerance_points == 15.0
    other = build.rulebook(build.RULEBOOK.replace("hand_over", "tolerance_points: 9\nhand_over"))
    assert other.tolerance_points == 9.0
    assert other.fingerprint() != plain.fingerprint()
    assert '"tolerance_points":15.0' in plain.canonical()


@pytest.fixture(scope="module")
def scored(trained: Workspace) -> Scores:
    """The sample's leads under an edition that tolerates 5 points."""
    scorer = Scorer.load(trained.champion())
    scorer.rulebook = scorer.rulebook.model_copy(update={"tolerance_points": 5.0})
    return scorer.score_snapshot(load_dataset(trained).snapshot)


def test_every_lead_of_the_sample_is_labelled_as_its_scores_say(scored: Scores) -> None:
    low, high = disagreements(scored.exact, scored.agreed_exact, 5)
    for i in range(scored.n):
        found = label(scored, i)
        expected = LEARNED_LOW if low[i] else LEARNED_HIGH if high[i] else IN_AGREEMENT
        assert found.kind == expected
        assert found.tolerance == 5
        assert (found.responsible is None) == (expected == IN_AGREEMENT)
    assert low.any()
    assert high.any()


def test_a_label_names_the_responsible_line_and_its_points(scored: Scores) -> None:
    _, high = disagreements(scored.exact, scored.agreed_exact, 5)
    i = int(np.flatnonzero(high)[0])
    found = label(scored, i)
    assert found.responsible is not None
    assert found.difference > 5
    facts = [x for x in scored.explain(i).lines if x.kind not in ("base", "limit")]
    assert found.responsible.learned == max(x.learned for x in facts) > 0
    assert found.responsible.label in found.says
    assert f"{scored.agreed[i]:.0f}" in found.says


def test_an_answer_says_how_both_scores_part_and_by_which_reason(
    trained: Workspace, scored: Scores
) -> None:
    low, high = disagreements(scored.exact, scored.agreed_exact, 5)
    scorer = Scorer.load(trained.champion())
    for i in (int(np.flatnonzero(low)[0]), int(np.flatnonzero(high)[0])):
        told = answer("L", scored, i, scorer)
        apart = told["disagreement"]
        assert apart["difference"] == told["score"] - told["agreed_score"]
        assert abs(apart["difference"]) > apart["tolerance"] == 5
        behind = {r["key"]: r["learned"] for r in told["reasons"]}[apart["responsible"]]
        assert behind * apart["difference"] > 0
    at_one = int(np.flatnonzero(~low & ~high)[0])
    assert answer("L", scored, at_one, scorer)["disagreement"] is None


def test_the_report_counts_every_disputed_lead_once(trained: Workspace, scored: Scores) -> None:
    dataset = load_dataset(trained)
    dataset = replace(dataset, rulebook=scored.told.rulebook)
    test = np.arange(dataset.n) >= dataset.n // 2
    found = compare(dataset, scored, test, int((~test).sum()))
    assert found.tested == test.sum()
    disputed = sum(g.observed.leads for g in found.tolerance_groups[1:])
    assert disputed > 0
    assert sum(c.standing.observed.leads for c in found.culprits) == disputed
    assert sum(q.observed.leads for q in found.quadrants) == found.tested
    places = {str(lead): i for i, lead in enumerate(dataset.lead)}
    assert all(test[places[e.lead]] for e in found.examples)
    told = found.as_json()
    assert told["simulated"] is True
    assert told["quadrants"][0]["observed"]["leads"] == found.quadrants[0].observed.leads


def test_the_rulebooks_log_odds_are_those_of_its_fitted_scale(
    trained: Workspace, scored: Scores
) -> None:
    dataset = load_dataset(trained)
    told = told_of(dataset, scored)
    scale = scored.told.ladder.scale
    assert told.f_agreed == pytest.approx(scale.log_odds(scored.agreed_exact))
    assert told.f_learned == pytest.approx(scale.log_odds(scored.exact))


def test_the_command_compares_both_scores_on_leads_that_taught_neither(tmp_path: Path) -> None:
    write_workspace(tmp_path, 1200, 7)
    run, call = CliRunner(), ["reconcile", "-w", str(tmp_path), "--threads", "1"]
    told = run.invoke(app, [*call, "--json"])
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    n = load_dataset(Workspace(tmp_path)).n
    assert found["trained"] + found["tested"] == n
    assert found["tested"] == pytest.approx(0.3 * n, abs=2)
    assert found["quadrants"][0]["name"] == "both high"
    assert sum(q["observed"]["leads"] for q in found["quadrants"]) == found["tested"]


def test_the_command_says_so_when_there_is_too_little_to_compare(tmp_path: Path) -> None:
    write_workspace(tmp_path, 30, 7)
    told = CliRunner().invoke(app, ["reconcile", "-w", str(tmp_path)])
    assert isinstance(told.exception, NothingToLearn)
    assert "too few to compare" in str(told.exception)


def test_people_are_shown_quadrants_culprits_and_leads(trained: Workspace, scored: Scores) -> None:
    dataset = replace(load_dataset(trained), rulebook=scored.told.rulebook)
    found = compare(dataset, scored, np.arange(dataset.n) >= 900, 900)
    console = Console(record=True, width=160, file=io.StringIO())
    show_reconciliation(console, found)
    told = console.export_text()
    assert "simulated" in told
    assert "both high" in told
    assert found.culprits[0].label in told
    assert found.examples[0].lead in told


def test_a_serving_worker_can_label_leads_without_trainings_weight() -> None:
    code = (
        "import sys, models.reconciliation, models.replay, models.thresholds\n"
        "heavy = {'scipy', 'pandas', 'sklearn', 'mlflow', 'lightgbm'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
