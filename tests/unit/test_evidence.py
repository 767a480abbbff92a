"""Evidence about criteria: on histories whose truth is known, and on the simulated company."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.arrays import Floats, Table, texts
from features.catalogue import Catalogue, Vocabulary
from features.rulebook.document import Rulebook, parse_rulebook
from features.rulebook.points import Agreed, tally
from features.timeline import Touches
from models.bayes import log_loss_of
from models.evidence.criteria import Evidence, total_without, weigh_evidence
from models.evidence.fit import fit_criteria, fit_evidence, stated_scale
from models.evidence.owned import owned_by
from models.evidence.suggest import next_name, suggest_edition
from models.evidence.verdicts import Behind, judge
from models.history import History, Leads
from models.likelihood import Z90
from models.scale import sigmoid
from models.workspace import Workspace
from tests.support import build
from tests.support.cli import run
from training.dataset import load_dataset
from training.evidence import evidence_of, try_suggestion
from training.sample import write_workspace

RULES = """
edition: "e1"
base_points: 30
hand_over_from: 60
grades: {A: 60, D: 0}
scale: {anchor_points: 50, anchor_likelihood: 0.2, points_to_double_odds: 12}
groups: {fit: {label: Fit}, acts: {label: Acts, at_most: 12}}
criteria:
 - {id: right, says: Right, group: fit, when: {field: a, is: true}, points: 12}
 - {id: useless, says: Useless, group: fit, when: {field: b, is: true}, points: 10}
 - {id: under, says: Underrated, group: fit, when: {field: c, is: true}, points: 4}
 - {id: visits, says: Visits, group: acts, when: {activity: {kind: visit}}, points: 4,
    count: repeat, cap: 12}
"""


def _award(rulebook: Rulebook, strength: Floats) -> Agreed:
    """Points of strengths (n, k), with caps."""
    return tally(rulebook, tuple(strength.T), len(strength))


def _history(n: int, true: tuple[float, ...], seed: int = 0) -> tuple[Rulebook, History, Agreed]:
    """Leads whose conversions follow true points per criterion (in points of the scale)."""
    rng = np.random.default_rng(seed)
    rulebook = parse_rulebook(RULES)
    facts = (rng.random((n, 3)) < 0.4).astype(np.float64)
    strength = np.column_stack([facts, rng.integers(0, 4, n).astype(np.float64)])
    agreed = _award(rulebook, strength)
    scale = stated_scale(rulebook)
    f = np.asarray(scale.log_odds(rulebook.base_points + strength @ np.array(true)))
    y = (rng.random(n) < sigmoid(f)).astype(np.float64)
    noise = Table(n, {"noise": rng.normal(size=n), "group": texts(rng.choice(["x", "y"], n))})
    leads = Leads(np.asarray(scale.log_odds(agreed.total)), noise, agreed.share)
    return rulebook, History(leads, y, np.ones(n)), agreed


def _weigh(n: int, true: tuple[float, ...]) -> Evidence:
    rulebook, history, agreed = _history(n, true)
    return weigh_evidence(rulebook, history, agreed, {})


def test_evidence_finds_the_true_points_when_leads_are_many() -> None:
    true = (12.0, 0.0, 14.0, 4.0)
    found = _weigh(20_000, true)
    for criterion, points in zip(found.criteria, true, strict=True):
        assert criterion.low < points < criterion.high
        assert abs(criterion.points - points) < 2.0


def test_each_verdict_is_given_where_it_is_due() -> None:
    verdicts = {c.id: c.verdict for c in _weigh(20_000, (12.0, 0.0, 14.0, 1.0)).criteria}
    assert verdicts == {"right": "keep", "useless": "drop", "under": "raise", "visits": "lower"}


def test_without_history_to_speak_of_nothing_is_judged() -> None:
    found = _weigh(12, (12.0, 0.0, 14.0, 4.0))
    assert {c.verdict for c in found.criteria} == {"too little data"}
    assert all(c.reason for c in found.criteria)


def test_a_rulebook_without_criteria_and_one_that_nobody_carries_are_no_trouble() -> None:
    rulebook, history, agreed = _history(300, (12.0, 0.0, 14.0, 4.0))
    bare = rulebook.model_copy(update={"criteria": ()})
    none = _award(bare, np.zeros((300, 0)))
    leads = Leads(history.leads.f0, history.leads.features, none.share)
    assert weigh_evidence(bare, History(leads, history.y, history.w), none, {}).criteria == ()
    strength = agreed.strength * np.array([0.0, 1, 1, 1])
    again = _award(rulebook, strength)
    leads = Leads(history.leads.f0, history.leads.features, again.share)
    nobody = weigh_evidence(rulebook, History(leads, history.y, history.w), again, {}).criteria[0]
    assert nobody.verdict == "too little data"
    assert (nobody.behind.leads, nobody.overlap) == (0, None)
    assert nobody.removal.loss == pytest.approx(0.0, abs=1e-3)


def test_points_are_told_in_the_rulebooks_own_unit_also_for_repeats() -> None:
    visits = _weigh(20_000, (12.0, 10.0, 4.0, 4.0)).criteria[3]
    assert visits.repeats
    assert visits.agreed == 4.0
    assert 3.0 < visits.points < 5.5  # a visit, not the three of the cap


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    true, inside = np.array([12.0, 0.0, 14.0, 3.0]), []
    for seed in range(60):
        rulebook, history, _ = _history(800, tuple(true), seed)
        fit = fit_evidence(history, rulebook, {})
        inside.append(np.abs(fit.points - true) <= Z90 * fit.sd)
    assert 0.84 <= float(np.mean(inside)) <= 0.96


def test_evidence_with_no_outcome_to_learn_from_is_the_agreement() -> None:
    rulebook, history, _ = _history(400, (12.0, 10.0, 4.0, 4.0))
    weightless = History(history.leads, history.y, np.full(400, 1e-9))
    fit = fit_evidence(weightless, rulebook, {})
    assert fit.points == pytest.approx([12, 10, 4, 4], abs=1e-4)
    # sd 1 in log-odds on the criterion, and .5 on the slope of what was agreed.
    L = np.log(2) / 12
    expected = [np.sqrt((0.5 * s) ** 2 + (1 / (L * most)) ** 2) for s, most in ((12, 1), (4, 3))]
    assert fit.sd[[0, 3]] == pytest.approx(expected, rel=1e-4)


def test_a_feature_that_repeats_a_criterion_does_not_take_its_evidence() -> None:
    rulebook, history, _ = _history(3000, (12.0, 0.0, 14.0, 4.0))
    twin = texts("yes" if v else "no" for v in history.leads.criteria[:, 2])
    features = Table(3000, {**history.leads.features.values, "c": twin})
    twice = History(Leads(history.leads.f0, features, history.leads.criteria), history.y, history.w)
    alone = fit_evidence(history, rulebook, {})
    owned = fit_evidence(twice, rulebook, {"c": (2,)})
    shared = fit_evidence(twice, rulebook, {})
    assert owned.points == pytest.approx(alone.points, abs=0.05)
    assert owned.sd == pytest.approx(alone.sd, rel=0.01)
    assert shared.sd[2] > 1.5 * alone.sd[2]


def test_a_criterion_owns_its_field_and_what_its_activities_move() -> None:
    fields, rulebook = build.fields(), build.rulebook()
    kinds = ("webinar", "page")
    vocabulary = Vocabulary(("web", "webinars"), kinds, ("marketing",))
    own = _touches(("webinars", "webinar", "marketing"), ("web", "page", "marketing"))
    owned = owned_by(rulebook, Catalogue.of(fields, vocabulary), own)
    ids = [c.id for c in rulebook.criteria]
    of = {name: [ids[k] for k in criteria] for name, criteria in owned.items()}
    assert of["employees"] == ["mid"]
    assert of["title_seniority"] == ["student"]
    assert of["happened__webinar"] == ["webinar"]
    assert of["touches__webinars__30d"] == ["webinar"]
    assert of["trend"] == ["webinar"]
    assert "happened__page" not in of
    assert "touches__web__30d" not in of
    assert "industry" not in of


def _touches(*acts: tuple[str, str, str]) -> Touches:
    channel, kind, team = (texts(column) for column in zip(*acts, strict=True))
    n = len(acts)
    empty = np.full(n, np.nan)
    return Touches(1, np.zeros(n, np.int64), empty, channel, kind, team, empty, texts(["L"] * n))


def test_removing_a_criterion_hurts_only_when_it_tells_something() -> None:
    found = {c.id: c.removal for c in _weigh(8000, (12.0, 0.0, 14.0, 4.0)).criteria}
    assert found["under"].loss > 2 * found["under"].error > 0
    assert abs(found["useless"].loss) < 2 * found["useless"].error


def test_the_effect_of_removing_is_that_of_a_rulebook_refitted_without() -> None:
    rulebook, history, agreed = _history(2000, (12.0, 0.0, 14.0, 4.0))
    told = weigh_evidence(rulebook, history, agreed, {}).criteria[0].removal.loss
    keep = [1, 2, 3]
    less = rulebook.model_copy(update={"criteria": tuple(rulebook.criteria[k] for k in keep)})
    again = _award(less, agreed.strength[:, keep])
    f0 = np.asarray(stated_scale(less).log_odds(again.total))
    part = History(Leads(f0, history.leads.features, again.share), history.y, history.w)
    with_, without = (fit_criteria(h, r).left_out for h, r in ((history, rulebook), (part, less)))
    loss = np.mean(log_loss_of(without, history.y) - log_loss_of(with_, history.y))
    assert told == pytest.approx(loss, abs=1e-12)


def test_points_without_a_criterion_let_caps_bind_anew() -> None:
    rulebook = build.rulebook()
    strength = np.array([[1.0, 0, 3.0, 1.0], [0, 1.0, 0.0, 1.0]])
    agreed = _award(rulebook, strength)
    # 24 + 15 points of engagement were cut to 20; without the phone 24 are cut to 20 all the same.
    assert total_without(rulebook, agreed, 3).tolist() == [10 + 12 + 20, 10 - 12]
    assert total_without(rulebook, agreed, 0).tolist() == [10 + 20, 10 - 12 + 15]


def test_overlap_names_the_criterion_that_goes_along_most() -> None:
    rulebook, history, agreed = _history(4000, (12.0, 0.0, 14.0, 4.0))
    strength = agreed.strength.copy()
    strength[:, 1] = np.where(np.arange(4000) % 10 == 0, 1 - strength[:, 0], strength[:, 0])
    again = _award(rulebook, strength)
    leads = Leads(history.leads.f0, history.leads.features, again.share)
    found = weigh_evidence(rulebook, History(leads, history.y, history.w), again, {})
    overlap = found.criteria[0].overlap
    assert overlap is not None
    assert overlap.id == "useless"
    assert overlap.share == pytest.approx(0.9, abs=0.03)
    assert overlap.usual == pytest.approx(0.1, abs=0.03)
    assert overlap.explained == pytest.approx(0.63, abs=0.05)
    assert found.criteria[2].overlap is None


@pytest.mark.parametrize(
    ("agreed", "points", "interval", "verdict", "says"),
    [
        (10, 11, (6, 16), "keep", "the agreed points stand"),
        (10, 15, (12, 18), "raise", "worth 5.0 points more"),
        (10, 5, (2, 8), "lower", "worth 5.0 points less"),
        (10, 1, (-3, 5), "drop", "no effect at all fits"),
        (10, 4.4, (-1, 9.8), "drop", "no effect at all fits"),
        (2, -1.5, (-3.5, 0.5), "drop", "no effect at all fits"),
        (-5, -12, (-16, -8), "lower", "take 7.0 points more away"),
        (-15, -6, (-9, -3), "raise", "take 9.0 points less away"),
        (8, -7, (-11, -3), "lower", "points the other way, by 15.0 points"),
        (10, 12, (-8, 32), "too little data", "40 points wide"),
    ],
)
def test_verdicts_follow_the_interval(
    agreed: float, points: float, interval: tuple[float, float], verdict: str, says: str
) -> None:
    told, reason = judge(agreed, points, interval, Behind(500, 60, 55.0, 5000), 12.0)
    assert told == verdict
    assert says in reason


def test_few_conversions_among_many_leads_are_evidence_of_a_criterion_that_takes_away() -> None:
    many, few = Behind(600, 2, 66.0, 6000), Behind(40, 2, 4.4, 6000)
    assert judge(-20, -33, (-45, -21), many, 12.0)[0] == "lower"
    verdict, reason = judge(-20, -33, (-45, -21), few, 12.0)
    assert verdict == "too little data"
    assert "2 of the 40 leads" in reason


def test_a_suggestion_moves_only_what_history_rules_out_and_is_unsigned() -> None:
    rulebook, history, agreed = _history(20_000, (12.0, 0.0, 14.0, 2.0))
    signed = rulebook.model_copy(update={"status": "signed"})
    evidence = weigh_evidence(signed, history, agreed, {})
    fields = build.fields()
    edition = suggest_edition(signed, evidence, fields).edition
    assert edition.status == "unsigned"
    assert edition.edition == "e1-evidence"
    by_id = {c.id: c for c in edition.criteria}
    assert by_id["right"] == rulebook.criteria[0]
    assert "useless" not in by_id
    assert by_id["under"].points == round(evidence.criteria[2].points)
    assert "20,000 leads" in by_id["under"].rationale
    assert by_id["visits"].points == 2.0
    assert by_id["visits"].cap == 6.0  # still three visits at most
    assert parse_rulebook(edition.text()) == edition


def test_a_second_suggestion_gets_a_name_of_its_own() -> None:
    assert next_name("2025.1") == "2025.1-evidence"
    assert next_name("2025.1-evidence") == "2025.1-evidence-2"
    assert next_name("2025.1-evidence-2") == "2025.1-evidence-3"


def test_evidence_on_the_sample_names_every_criterion_with_leads_behind_it(
    sample_folder: Path,
) -> None:
    dataset = load_dataset(Workspace(sample_folder))
    found = evidence_of(dataset)
    assert [c.id for c in found.criteria] == [c.id for c in dataset.rulebook.criteria]
    assert found.leads == dataset.n
    for k, c in enumerate(found.criteria):
        carried = dataset.agreed.strength[:, k] != 0
        assert c.behind.leads == carried.sum()
        assert c.behind.conversions == dataset.y[carried].sum()
        assert c.low < c.points < c.high


@pytest.mark.parametrize("outcomes", ["none", "young"])
def test_without_a_known_end_the_command_says_so_and_leaves_with_4(
    tmp_path: Path, outcomes: str
) -> None:
    write_workspace(tmp_path, 60, 7)
    told = pd.read_csv(tmp_path / "outcomes.csv", dtype=str)
    told.iloc[:0].to_csv(tmp_path / "outcomes.csv", index=False)
    if outcomes == "young":
        leads = pd.read_csv(tmp_path / "leads.csv", dtype=str)
        leads.assign(created_at=leads.created_at.max()).to_csv(tmp_path / "leads.csv", index=False)
    ran = run("evidence", "-w", tmp_path, "--json")
    assert ran.code == 4
    assert ran.json["error"] == "NothingToLearn"
    assert "No lead's end is known" in ran.json["detail"]
    assert "60 leads in the file" in ran.json["detail"]


def test_the_samples_e_mail_opens_are_not_worth_their_points(sample_folder: Path) -> None:
    found = {c.id: c for c in evidence_of(load_dataset(Workspace(sample_folder))).criteria}
    assert found["opened_mail"].points < 2.0
    assert found["budget_date"].low > 0


def test_a_suggestion_is_tried_on_leads_it_never_saw(sample_folder: Path) -> None:
    dataset = load_dataset(Workspace(sample_folder))
    trial = try_suggestion(dataset)
    assert trial is not None
    assert trial.tested == pytest.approx(0.3 * dataset.n, abs=2)
    assert trial.gain == pytest.approx(trial.before - trial.after)
    assert trial.error > 0


def test_the_suggested_editions_left_out_tests_are_named(sample_folder: Path) -> None:
    dataset = load_dataset(Workspace(sample_folder))
    evidence = evidence_of(dataset)
    suggestion = suggest_edition(dataset.rulebook, evidence, dataset.fields)
    before: set[Any] = {t.says for t in dataset.rulebook.tests}
    kept = {t.says for t in suggestion.edition.tests}
    assert kept | set(suggestion.left_out) == before
    assert not kept & set(suggestion.left_out)
