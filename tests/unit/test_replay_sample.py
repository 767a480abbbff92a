"""The replay on the simulated company: whole files in, every lead accounted for."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from features.errors import DocumentRefused, InputRefused
from features.rulebook.conditions import Fact
from features.rulebook.criteria import Disqualifier
from features.rulebook.document import Rulebook, parse_rulebook
from leadpact import app
from models.handover import handed_over
from models.in_force import under
from models.scorer import Scorer
from models.workspace import Workspace
from tests.support import build
from tests.support.cli import run
from training.console_replay import show_replay
from training.dataset import load_dataset
from training.evidence import write_edition
from training.past import Matured, load_matured
from training.replay import Asked, replay
from training.replay_model import learned


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
        caught, missed = found.after.caught or 0.0, found.after.missed or 0.0
        assert sum(g.amount_after or 0.0 for g in rows) == pytest.approx(caught)
        assert sum(g.amount or 0.0 for g in rows) == pytest.approx(caught + missed)
    console = Console(record=True, width=200, file=io.StringIO())
    show_replay(console, found)
    shown, web = console.export_text(), found.groups[0]
    assert "of it caught" in shown
    assert f"{web.amount:,.0f}" in shown
    assert f"{web.amount_before:,.0f} -> {web.amount_after:,.0f}" in shown


def test_the_model_is_replayed_with_the_scores_it_serves_under_either_edition(
    trained: Workspace, matured: Matured, base: Rulebook
) -> None:
    champion, proposal = Scorer.load(trained.champion()), _generous(base)
    points = learned(champion, matured)
    served = under(champion, proposal).score_snapshot(matured.snapshot)
    assert points.exact == pytest.approx(champion.score_snapshot(matured.snapshot).exact, abs=1e-9)
    moved = points.under(matured.points(proposal).total)
    assert moved == pytest.approx(served.exact, abs=1e-9)
    found = replay(matured, base, proposal, Asked(), champion)
    assert found.model is not None
    now, then, *_ = found.model.sides
    barred = matured.barred(base)
    assert now.handed == handed_over(points.exact, base.hand_over_from, barred).sum()
    assert then.handed == served.handed_over.sum() > now.handed
    assert found.model.taught_by == 1.0
    nearest = found.model.sides[-1]
    assert abs(nearest.handed - found.after.handed) < 0.1 * len(found.past)


def test_advice_is_by_the_score_that_hands_leads_over_and_by_agreed_points_beside_it(
    trained: Workspace, matured: Matured, base: Rulebook
) -> None:
    champion, proposal = Scorer.load(trained.champion()), _generous(base)
    served = under(champion, proposal).score_snapshot(matured.snapshot).exact
    points = {"model": served, "agreed points": matured.points(proposal).total}
    advised = replay(matured, base, proposal, Asked(capacity=6.0), champion).advice
    assert [advice.by for advice in advised] == ["model", "agreed points"]
    barred, weeks = matured.barred(proposal), matured.past.weeks or 0.0
    for advice in advised:
        assert advice.threshold is not None
        at, below = (
            handed_over(points[advice.by], advice.threshold - d, barred).sum() / weeks
            for d in (0, 1)
        )
        assert at <= 6.0 < below
    alone = replay(matured, base, proposal, Asked(capacity=6.0)).advice
    assert alone == advised[1:]


def test_a_champion_of_other_fields_is_left_out_and_the_note_says_why_and_what_now(
    trained: Workspace, base: Rulebook, tmp_path: Path
) -> None:
    folder = tmp_path / "halden"
    shutil.copytree(trained.folder, folder)
    told = yaml.safe_load((folder / "fields.yaml").read_text(encoding="utf-8"))
    for field in told["fields"]:
        if field["name"] == "country":
            field |= {"role": "ignored", "reason": "Sales asked for it to be left out."}
    (folder / "fields.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    call = ["replay", folder / "rulebook.yaml", "-w", folder, "--capacity", "6"]
    ran = run(*call, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["model"] is None
    assert [advice["by"] for advice in ran.json["advice"]] == ["agreed points"]
    (note,) = (note for note in ran.json["notes"] if note.startswith("Model "))
    assert "another fields.yaml" in note
    assert "Run `leadpact train`" in note
    assert "another fields.yaml" in " ".join(run(*call).out.split())


def test_a_proposal_that_does_not_fit_the_fields_is_refused(
    matured: Matured, base: Rulebook
) -> None:
    stranger = parse_rulebook(build.RULEBOOK)
    with pytest.raises(DocumentRefused, match="Edition t1 does not fit the fields"):
        replay(matured, base, stranger, Asked())


def test_a_segment_that_is_no_field_is_refused_by_name(matured: Matured, base: Rulebook) -> None:
    with pytest.raises(InputRefused, match="--segment shoe_size"):
        replay(matured, base, base, Asked(segments=("shoe_size",)))


def test_the_command_replays_a_suggested_edition(trained: Workspace, tmp_path: Path) -> None:
    sample_folder = trained.folder
    proposal = tmp_path / "proposal.yaml"
    runner = CliRunner()
    told = runner.invoke(
        app, ["evidence", "-w", str(sample_folder), "--suggest", str(proposal), "--json"]
    )
    assert told.exit_code == 0
    evidence = json.loads(told.stdout)
    assert evidence["simulated"] is True
    assert evidence["suggestion"]["file"] == str(proposal)
    assert "status" not in proposal.read_text(encoding="utf-8")  # unsigned is the default
    call = ["replay", str(proposal), "-w", str(sample_folder), "--capacity", "6", "--cost", "500"]
    told = runner.invoke(app, [*call, "--json"])
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert found["proposal"] == "2025.1-evidence"
    assert [advice["by"] for advice in found["advice"]] == ["model"] * 2 + ["agreed points"] * 2
    assert found["before"]["handed"] + found["flips_in"]["leads"] == (
        found["after"]["handed"] + found["flips_out"]["leads"]
    )


def test_the_commands_speak_to_people_too(trained: Workspace, tmp_path: Path) -> None:
    sample_folder = trained.folder
    proposal = tmp_path / "proposal.yaml"
    runner = CliRunner()
    folder = ["-w", str(sample_folder)]
    told = runner.invoke(app, ["evidence", *folder, "--suggest", str(proposal)])
    assert told.exit_code == 0
    assert "simulated" in told.stdout
    assert "unsigned" in told.stdout
    told = runner.invoke(app, ["replay", str(proposal), *folder, "--capacity", "6"])
    assert told.exit_code == 0
    assert "matured leads" in told.stdout
    shown = " ".join(told.stdout.split())
    assert "By the model's score under the proposal, which hands leads over: Sales can" in shown
    assert "By the proposal's agreed points alone: Sales can work 6 a week" in shown


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
