"""Speed of a search for what lifts a lead, as a ratio within one run to scoring set by set."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.activities import from_activity_records
from features.columns import from_records
from models.actionable import changes_of
from models.bundle import load
from models.counterfactual import Found, search
from models.scorer import Scorer
from models.variants import Subject
from models.workspace import Workspace

FASTER = 15.0
"""A search must be so many times faster than scoring and taking apart each set by itself."""
ALONE = 50
"""Scorings by themselves, to tell what one takes."""


@pytest.fixture(scope="module")
def scorer(trained: Workspace) -> Scorer:
    """The simulated company's model, with every field that can be marked actionable marked so."""
    bundle, versions = load(trained.champion())
    marked = [
        f.model_copy(update={"actionable": f.type in ("number", "category", "boolean")})
        for f in bundle.fields.inputs
    ]
    kept = [f for f in bundle.fields.fields if not f.is_input]
    fields = bundle.fields.model_copy(update={"fields": (*kept, *marked)})
    return Scorer(replace(bundle, fields=fields), versions)


def test_a_search_scores_thousands_of_sets_together(
    benchmark: Any, trained: Workspace, scorer: Scorer
) -> None:
    told = json.loads((trained.folder / "example.json").read_text(encoding="utf-8"))
    columns = from_records([told["lead"]], scorer.fields).columns
    did, _ = from_activity_records(told["activities"], "l", None)
    subject = Subject(columns, did, "l", None, np.datetime64(told["as_of"][:-1], "us"))
    changes = changes_of(scorer, subject)
    began = time.perf_counter()
    for _ in range(ALONE):
        scorer.score_snapshot(subject.snapshot())
    alone = (time.perf_counter() - began) / ALONE
    found: Found = benchmark(search, scorer, subject, changes, 1000.0, 3)
    assert found.tried > 1000
    assert benchmark.stats["min"] * FASTER < alone * found.tried
    benchmark.extra_info["sets a second"] = round(found.tried / benchmark.stats["min"])
    benchmark.extra_info["sets a second, one by one"] = round(1 / alone)
