"""Leads that are one and the same, come back: together they count as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.arrays import Table, texts
from features.errors import DocumentRefused
from models.history import History, Leads
from models.updated import fit_scale
from models.workspace import Workspace
from tests.support.build import FIELDS, fields
from training.censoring import teaching
from training.cohort import repeat_weights
from training.dataset import load_dataset
from training.sample import write_workspace


def test_weights_sum_to_one_a_person() -> None:
    person = texts(["a", "b", "a", None, "a", None])
    w = repeat_weights(person)
    np.testing.assert_allclose(w, [1 / 3, 1, 1 / 3, 1, 1 / 3, 1])


def test_who_comes_often_teaches_no_more_than_others() -> None:
    rng = np.random.default_rng(1)
    f0, y = rng.normal(-1, 1, 60), (rng.random(60) < 0.4).astype(float)
    rows = np.concatenate([np.arange(60), np.zeros(30, dtype=np.int64)])
    leads = Leads(f0, Table(60, {}), np.zeros((60, 0)))
    once = fit_scale(History(leads, y, np.ones(60)))
    w = repeat_weights(texts(str(row) for row in rows))
    often = fit_scale(History(leads.take(rows), y[rows], w))

    assert (often.a, often.b) == pytest.approx((once.a, once.b), abs=1e-6)
    counted = fit_scale(History(leads.take(rows), y[rows], np.ones(90)))
    assert abs(counted.a - once.a) > 0.01


def test_the_fields_file_says_which_leads_are_the_same(tmp_path: Path) -> None:
    write_workspace(tmp_path, 500, 3)
    told = (tmp_path / "fields.yaml").read_text()
    told = told.replace("lead: lead_id\n", "lead: lead_id\nrepeat_of: person\n")
    told += "\n  - {name: person, column: person, type: id, role: id}\n"
    (tmp_path / "fields.yaml").write_text(told)
    leads = pd.read_csv(tmp_path / "leads.csv")
    leads["person"] = [f"P{i // 2}" if i % 5 else None for i in range(len(leads))]
    leads.to_csv(tmp_path / "leads.csv", index=False)
    dataset = load_dataset(Workspace(tmp_path))
    w = teaching(dataset).w
    person = pd.Series([*dataset.person])

    assert person.isna().any()
    assert 0.4 < w.min() < 0.6 * w.max()
    assert repeat_weights(dataset.person)[person.isna()].tolist() == [1.0] * person.isna().sum()
    sums = pd.Series(repeat_weights(dataset.person)).groupby(person).sum()
    np.testing.assert_allclose(sums, 1)


def test_the_same_is_told_by_an_id() -> None:
    with pytest.raises(DocumentRefused, match="repeat_of: the field 'email' is not an id"):
        fields(f"repeat_of: email\n{FIELDS}")
