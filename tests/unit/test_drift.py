"""Drift: what moved is named with its figures, what chance gives is not."""

from __future__ import annotations

import numpy as np
import pytest

from features.arrays import texts
from models.rates import rate_of
from training.drift import Drift, Moved, moved_between
from training.findings import FIELDS_MOVED, RATE_MOVED, findings


def test_the_index_by_hand() -> None:
    # Two levels, 50:50 -> 80:20: (.8 - .5) ln(.8 / .5) + (.2 - .5) ln(.2 / .5) = .4159.
    older = texts(["a"] * 5000 + ["b"] * 5000)
    newer = texts(["a"] * 8000 + ["b"] * 2000)
    moved = moved_between("Source", "source", older, newer)
    assert moved.psi == pytest.approx(0.4159, abs=0.002)
    assert moved.verdict == "shifted"
    assert moved.says == "b 50 % \N{RIGHTWARDS ARROW} 20 %" or moved.says.startswith("a 50 %")


def test_what_chance_alone_gives_is_called_stable() -> None:
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(200):
        x = rng.lognormal(0, 1, 400)
        verdicts.append(moved_between("X", "x", x[:200], x[200:]).verdict)
    assert verdicts.count("stable") >= 190


def test_the_noise_is_what_chance_gives_on_average() -> None:
    rng = np.random.default_rng(1)
    found = [moved_between("X", "x", rng.random(900), rng.random(600)) for _ in range(300)]
    mean = np.mean([m.psi for m in found])
    assert mean == pytest.approx(found[0].noise, rel=0.2)


def test_a_number_that_moved_tells_its_medians() -> None:
    rng = np.random.default_rng(2)
    moved = moved_between("Employees", "employees", rng.normal(85, 9, 900), rng.normal(140, 9, 900))
    assert moved.verdict == "shifted"
    before, after = moved.says.removeprefix("median ").split(" \N{RIGHTWARDS ARROW} ")
    assert float(before) == pytest.approx(85, abs=2)
    assert float(after) == pytest.approx(140, abs=2)


def test_a_field_that_is_no_longer_given_is_told_as_such() -> None:
    rng = np.random.default_rng(3)
    older, newer = rng.random(800), rng.random(800)
    newer[:400] = np.nan
    moved = moved_between("Budget", "budget", older, newer)
    assert moved.says == "not given 0 % \N{RIGHTWARDS ARROW} 50 %"


def test_a_column_that_is_never_given_is_stable() -> None:
    nothing = np.full(50, np.nan)
    assert moved_between("X", "x", nothing, nothing).verdict == "stable"


def _drift(before: float, after: float, fields: tuple[Moved, ...] = ()) -> Drift:
    parts = [rate_of(np.r_[np.ones(round(1000 * r)), np.zeros(1000 - round(1000 * r))])
             for r in (before, after)]  # fmt: skip
    return Drift("taught", "held out", parts[0], parts[1], fields, 7)


def test_a_rate_that_moved_is_said_to_be_beyond_calibration() -> None:
    quiet = {"slope": 1.0, "informative": True, "evaluation": {"rulebook": {"auc": 0.7}}}
    more = {"groups": [], "accepted": {}, "told": 0.21}
    (found,) = findings(drift=[_drift(0.056, 0.246)], **quiet, **more)
    assert found.name == RATE_MOVED
    assert "about 6 in 100 of the taught, about 25 in 100 of the held out" in found.says
    assert "the model told about 21 in 100" in found.says
    assert "cannot be calibrated" in found.says
    assert findings(drift=[_drift(0.1, 0.11)], **quiet, **more) == []


def test_inputs_that_moved_are_named() -> None:
    moved = Moved("Headcount", "employees", 0.4, 0.01, "median 85 to 140")
    quiet = {"slope": 1.0, "informative": True, "evaluation": {"rulebook": {"auc": 0.7}}}
    more = {"groups": [], "accepted": {}, "told": 0.1}
    (found,) = findings(drift=[_drift(0.1, 0.1, (moved,))], **quiet, **more)
    assert found.name == FIELDS_MOVED
    assert "1 of 7 inputs moved: Headcount (median 85 to 140)" in found.says
