"""The replay on the simulated company: whole files in, every lead accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features.errors import DocumentRefused, InputRefused
from features.rulebook.conditions import Fact
from features.rulebook.criteria import Disqualifier
from features.rulebook.document import Rulebook, parse_rulebook
from leadpact import app
from models.handover import handed_over
from models.scorer import Scorer
from models.workspace import Workspace
from tests.support import build
from training.dataset import load_dataset
from training.evidence import write_edition
from training.past import Matured, load_matured
from training.replay import Asked, model_points, replay


@pytest.fixture(scope="module")
def matured(sample_folder: Path) -> Matured:
    return load_matured(Workspace(sample_folder))


@pytest.fixture(scope="module")
def base(sample_folder: Path) -> Rulebook:
    return Workspace(sample_folder).rulebook()


def _generous(base: Rulebook) -> Rulebook:
    """An edition with 12 points more for a budget date."""
    criteria = tuple(
        c.model_copy(update={"points": c.points + 12}) if c.id == "budget_date" else c
        for c in base.criteria
    )
    return base.model_copy(update={"edition": "generous", "criteria": criteria})


def test_known_leads_have_the_ends_and_points_that_training_sees(
    matured: Matured, base: Rulebook, sample_folder: Path
) -> None:
    dataset = load_dataset(Workspace(sample_folder))
    place = {lead: i for i, lead in enumerate(matured.past.lead)}
    rows = np.array([place[lead] for lead in dataset.lead])
    assert matured.past.known.sum() == dataset.n
    assert matured.past.known[rows].all()
    assert (matured.past.y[rows] == dataset.y).all()
    assert matured.points(base).total[rows] == pytest.approx(dataset.agreed.total)


def test_unworked_leads_count_as_work_and_open_ones_do_not_count(matured: Matured) -> None:
    states = matured.states
    assert states["unworked"] > 0
    assert states["open"] > 0
    assert len(matured.past) == states["known"] + states["unworked"] + states["decided before"]
    assert states["known"] == matured.past.known.sum()


def test_amounts_are_those_of_the_outcomes_file(matured: Matured, sample_folder: Path) -> None:
    outcomes = pd.read_csv(sample_folder / "outcomes.csv")
    won = outcomes[outcomes.stage == "won"].set_index("lead_id").amount
    past = matured.past
    told = past.won & ~np.isnan(past.amount)
    assert told.sum() == past.won.sum()
    assert past.amount[told].sum() == pytest.approx(won[list(past.lead[told])].sum())


def test_the_edition_in_force_replayed_against_itself_flips_nobody(
    matured: Matured, base: Rulebook
) -> None:
    found = replay(matured, base, base, Asked())
    assert found.flips_in.leads == found.flips_out.leads == 0
    assert found.before == found.after
    kept = int(matured.barred(base).sum())
    assert 0 < kept < 0.2 * len(found.past)
    assert found.notes == (
        "The proposal is the edition in force, word for word.",
        f"Disqualifiers keep back {kept:,} leads whatever their score, {kept:,} under the edition "
        "in force.",
    )


def test_whom_a_proposal_disqualifies_it_hands_over_no_longer(
    matured: Matured, base: Rulebook
) -> None:
    columns, barred = matured.snapshot.columns, matured.barred(base)
    more = Disqualifier(
        id="germany",
        says="In Germany",
        when=Fact.model_validate({"field": "country", "is": "Germany"}),
        route="partner",
    )
    proposal = base.model_copy(update={"disqualifiers": (*base.disqualifiers, more)})
    found = replay(matured, base, proposal, Asked())
    there = np.array([v == "Germany" for v in columns["country"]])
    over = handed_over(matured.points(base).total, base.hand_over_from, barred)
    assert found.flips_in.leads == 0
    assert found.flips_out.leads == (over & there).sum() > 0
    assert found.after.handed == (over & ~there).sum()
    assert found.steps[0].handed == len(there) - (there | barred).sum() - _under(matured, base, 20)


def _under(matured: Matured, base: Rulebook, score: float) -> int:
    """Leads outside Germany that nothing keeps back and that do not reach a score."""
    there = np.array([v == "Germany" for v in matured.snapshot.columns["country"]])
    open_to = ~there & ~matured.barred(base)
    return int((open_to & ~handed_over(matured.points(base).total, score)).sum())


def test_a_proposal_of_another_horizon_is_told_what_ends_mean(
    matured: Matured, base: Rulebook
) -> None:
    found = replay(matured, base, base.model_copy(update={"horizon_days": 30.0}), Asked())
    assert "within the 90 days" in found.notes[0]


def test_a_suggestion_never_takes_the_place_of_the_rulebook_in_force(
    sample_folder: Path, base: Rulebook
) -> None:
    workspace = Workspace(sample_folder)
    before = (sample_folder / "rulebook.yaml").read_bytes()
    with pytest.raises(InputRefused, match="signed"):
        write_edition(base, sample_folder / "sub" / ".." / "rulebook.yaml", workspace)
    assert (sample_folder / "rulebook.yaml").read_bytes() == before
    with pytest.raises(InputRefused, match="cannot be written"):
        write_edition(base, sample_folder / "no such folder" / "p.yaml", workspace)


def test_a_more_generous_edition_flips_only_leads_that_carry_the_criterion(
    matured: Matured, base: Rulebook
) -> None:
    found = replay(matured, base, _generous(base), Asked(capacity=5.0))
    assert found.flips_out.leads == 0
    assert found.flips_in.leads == found.after.handed - found.before.handed > 0
    for flip in found.flips_in.examples:
        assert flip.after - flip.before == pytest.approx(12)
        assert flip.why == (("Gave a date for the budget", 12.0),)
    assert found.after.recall.rate >= found.before.recall.rate
    assert found.after.workload is not None
    assert found.after.workload.above is not None


def test_groups_by_channel_and_segment_add_up_to_the_whole(
    matured: Matured, base: Rulebook
) -> None:
    found = replay(matured, base, _generous(base), Asked(segments=("industry",)))
    assert {g.by for g in found.groups} == {"First touch", "Industry"}
    for by in ("First touch", "Industry"):
        rows = [g for g in found.groups if g.by == by]
        assert sum(g.leads for g in rows) == len(found.past)
        assert sum(g.handed_before for g in rows) == found.before.handed
        assert sum(g.handed_after for g in rows) == found.after.handed
        assert sum(g.caught_after for g in rows) == found.after.precision.conversions


def test_the_model_is_replayed_with_the_scores_it_serves(
    trained: Workspace, matured: Matured, base: Rulebook
) -> None:
    champion = Scorer.load(trained.champion())
    points = model_points(champion, matured)
    assert points == pytest.approx(champion.score_snapshot(matured.snapshot).exact, abs=1e-9)
    found = replay(matured, base, _generous(base), Asked(), champion)
    assert found.model is not None
    barred = matured.barred(base)
    assert found.model.sides[0].handed == handed_over(points, base.hand_over_from, barred).sum()
    assert found.model.taught_by == 1.0
    nearest = found.model.sides[-1]
    assert abs(nearest.handed - found.after.handed) < 0.1 * len(found.past)


def test_a_proposal_that_does_not_fit_the_fields_is_refused(
    matured: Matured, base: Rulebook
) -> None:
    stranger = parse_rulebook(build.RULEBOOK)
    with pytest.raises(DocumentRefused, match="Edition t1 does not fit the fields"):
        replay(matured, base, stranger, Asked())


def test_a_segment_that_is_no_field_is_refused_by_name(matured: Matured, base: Rulebook) -> None:
    with pytest.raises(InputRefused, match="--segment shoe_size"):
        replay(matured, base, base, Asked(segments=("shoe_size",)))


def test_the_command_replays_a_suggested_edition(sample_folder: Path, tmp_path: Path) -> None:
    proposal = tmp_path / "proposal.yaml"
    run = CliRunner()
    told = run.invoke(
        app, ["evidence", "-w", str(sample_folder), "--suggest", str(proposal), "--json"]
    )
    assert told.exit_code == 0
    evidence = json.loads(told.stdout)
    assert evidence["simulated"] is True
    assert evidence["suggestion"]["file"] == str(proposal)
    assert "status" not in proposal.read_text(encoding="utf-8")  # unsigned is the default
    call = ["replay", str(proposal), "-w", str(sample_folder), "--capacity", "6", "--cost", "500"]
    told = run.invoke(app, [*call, "--json"])
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert found["proposal"] == "2025.1-evidence"
    assert len(found["advice"]) == 2
    assert found["before"]["handed"] + found["flips_in"]["leads"] == (
        found["after"]["handed"] + found["flips_out"]["leads"]
    )


def test_the_commands_speak_to_people_too(sample_folder: Path, tmp_path: Path) -> None:
    proposal = tmp_path / "proposal.yaml"
    run = CliRunner()
    folder = ["-w", str(sample_folder)]
    told = run.invoke(app, ["evidence", *folder, "--suggest", str(proposal)])
    assert told.exit_code == 0
    assert "simulated" in told.stdout
    assert "unsigned" in told.stdout
    told = run.invoke(app, ["replay", str(proposal), *folder, "--capacity", "6"])
    assert told.exit_code == 0
    assert "matured leads" in told.stdout
    assert "Sales can work 6 a week" in told.stdout


def test_where_only_the_threshold_moved_each_example_says_so(
    sample_folder: Path, tmp_path: Path
) -> None:
    proposal = tmp_path / "proposal.yaml"
    edition = (sample_folder / "rulebook.yaml").read_text(encoding="utf-8")
    lower = edition.replace("hand_over_from: 61", "hand_over_from: 55")
    assert lower != edition
    proposal.write_text(lower.replace('"2025.1"', '"2025.2"'), encoding="utf-8")
    told = CliRunner().invoke(app, ["replay", str(proposal), "-w", str(sample_folder)])
    assert told.exit_code == 0, told.stderr
    assert "its points are the same, the threshold moved" in " ".join(told.stdout.split())
