"""Leads that sales never worked: what is said of them, with leads worked by lot and without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import DocumentRefused
from models.workspace import Workspace
from tests.support.build import FIELDS, fields
from tests.support.cli import run
from training.card_selection import unworked_sentences, whom_sales_worked
from training.dataset import Dataset, load_dataset
from training.evaluate import new_ladder
from training.sample import simulate, write_workspace
from training.selection import NEAR, _supported, how_sales_chose, left_behind, selection


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, pd.Series]:
    """A history in which a fifth of the leads left behind was worked by lot, and the truth."""
    folder = tmp_path_factory.mktemp("lot") / "halden"
    write_workspace(folder, 4000, 21, 0.2)
    truth = pd.read_parquet(folder / "truth" / "truth.parquet").set_index("lead_id")
    return load_dataset(Workspace(folder)), truth.true_likelihood


@pytest.fixture(scope="module")
def ladder(company):
    dataset, _ = company
    return new_ladder(dataset, 1, 0).set_params(boosters=False).fit(
        dataset.frame(), dataset.y, order=dataset.order
    )  # fmt: skip


def test_leads_worked_by_lot_are_a_draw_of_those_left_behind(company) -> None:
    dataset, truth = company
    explored = set(dataset.explored.lead)
    unworked = dataset.others.lead[dataset.others.state == "unworked"]

    assert 150 < len(explored) == dataset.states["explored"] < 320
    assert not explored & (set(dataset.lead) | set(dataset.others.lead))
    assert truth[list(explored)].mean() == pytest.approx(truth[list(unworked)].mean(), abs=0.012)
    assert truth[list(dataset.lead)].mean() > 3 * truth[list(unworked)].mean()


def test_by_lot_the_likelihood_among_unworked_leads_is_nearly_right(company, ladder) -> None:
    dataset, truth = company
    found = left_behind(dataset, ladder)
    true = truth[list(dataset.others.lead[dataset.others.state == "unworked"])].mean()

    assert found is not None
    assert found.leads == dataset.explored.n
    assert found.conversions == int(dataset.explored.y.sum())
    assert found.told - true > 0.02  # sales' hunch is in no field
    assert found.likely < found.told
    likely, held = [], []
    for seed in range(40):
        # A handful of conversions is luck: the lot is drawn anew from the known likelihoods.
        rng = np.random.default_rng(seed)
        y = (rng.random(found.leads) < truth[list(dataset.explored.lead)]).astype(float)
        again = left_behind(replace(dataset, explored=replace(dataset.explored, y=y)), ladder)
        likely.append(again.likely)
        held.append(again.low < true < again.high)
    assert abs(np.mean(likely) - true) < (found.told - true) / 8
    assert np.mean(held) >= 0.8


def test_sales_choice_is_told_by_what_was_there_before_sales(company) -> None:
    dataset, _ = company
    found = how_sales_chose(dataset)

    assert found is not None
    assert 0.75 < found.auc < 0.95  # activities of sales itself would tell it all
    assert found.propensity[0] > found.propensity[1] + 0.2
    assert 0.7 < found.overlap < 1


def test_a_propensity_without_ten_worked_leads_near_it_is_not_supported() -> None:
    given = np.concatenate([np.full(9, 0.2), np.full(10, 0.6)])
    asked = np.array([0.2, 0.6, 0.6 - NEAR - 0.01, 0.6 + NEAR - 0.001])
    assert _supported(asked, given).tolist() == [False, True, False, True]


def test_without_a_lot_nothing_is_claimed(sample_folder: Path) -> None:
    dataset = load_dataset(Workspace(sample_folder))
    fitted = new_ladder(dataset, 1, 0).set_params(boosters=False)
    fitted.fit(dataset.frame(), dataset.y, order=dataset.order)
    told = selection(dataset, fitted)

    assert told is not None
    assert told["left_behind"] is None
    (says,) = unworked_sentences(told)
    assert "nothing can be claimed of them" in says
    assert says.startswith(f"{dataset.states['unworked']:,} leads were never worked")
    assert len(whom_sales_worked(told).says) == 2


def test_with_a_lot_the_card_says_what_the_unworked_would_have_done(company, ladder) -> None:
    dataset, _ = company
    first, second = unworked_sentences(selection(dataset, ladder))

    assert f"{dataset.explored.n:,} were worked by lot" in first
    assert "it speaks of leads as sales would choose them" in first
    assert second.startswith("Being left behind is worth \N{MINUS SIGN}")
    assert unworked_sentences(None) == []
    assert not whom_sales_worked(None).says


def test_a_company_without_a_lot_is_the_same_company() -> None:
    plain, again = simulate(400, seed=5), simulate(400, seed=5, exploration=0.0)
    some = simulate(400, seed=5, exploration=0.5)

    pd.testing.assert_frame_equal(plain.leads, again.leads)
    assert "explored" not in plain.leads
    assert (some.leads.explored == "yes").sum() > 20
    pd.testing.assert_series_equal(plain.truth.true_likelihood, some.truth.true_likelihood)
    worked = plain.truth.worked
    assert (some.truth.worked[worked]).all()
    with pytest.raises(ValueError, match="it is a share, 0 to 1"):
        simulate(10, exploration=1.5)


def test_the_command_writes_a_company_that_explores(tmp_path: Path) -> None:
    assert run("sample", "-w", tmp_path, "--leads", 300, "--exploration", 0.3).code == 0
    assert set(pd.read_csv(tmp_path / "leads.csv").explored) == {"yes", "no"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("email", "is not a boolean"),
        ("phone", "known only once sales has chosen"),
        ("nobody", "is not declared"),
    ],
)
def test_a_mark_of_the_lot_that_cannot_be_one_is_refused(name: str, says: str) -> None:
    with pytest.raises(DocumentRefused, match=says):
        fields(f"explored: {name}\n{FIELDS}")
