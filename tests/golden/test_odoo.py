"""Odoo's own test vector: the baseline is theirs, not a straw man."""

from __future__ import annotations

import numpy as np

from features.arrays import texts
from training.odoo import learn_naive_bayes

VARIABLES = ("country", "state", "source", "phone", "email", "stage")
STAGES = ("s1", "s2", "s3", "won")
# The leads of Odoo's `test_pls_tooltip_data` (addons/crm/tests/test_crm_pls.py, Odoo 19).
WON = (("c0", "p0", "u1", "ok", "ok", "s1"), ("c1", "p0", None, "ok", "ok", "s1"))
LOST = (
    (None, None, "u0", "bad", "ok", "s1"),
    ("c0", None, "u0", "bad", "ok", "s1"),
    (None, "p1", None, "ok", "ok", "s3"),
)


def table(*leads):
    columns = zip(*leads, strict=True)
    return {name: texts(column) for name, column in zip(VARIABLES, columns, strict=True)}


def taught():
    return learn_naive_bayes(table(*WON, *LOST), np.array([1.0, 1, 0, 0, 0]), "stage", STAGES)


def test_the_score_is_the_one_that_odoo_expects():
    told = taught().likelihoods(table(("c0", "p0", "u0", "ok", "ok", "s2")))

    assert round(100 * told[0], 2) == 74.30


def test_counts_are_those_of_odoos_own_table():
    counts = taught().counts

    assert counts["source"]["u0"] == (0.1, 2.1)
    assert counts["state"]["p0"] == (2.1, 0.1)
    assert counts["stage"]["s2"] == (2.1, 1.1)
    assert counts["stage"]["won"] == (2.1, 0.1)


def test_values_not_set_and_values_never_seen_change_nothing():
    model = taught()
    bare, unset, unseen = (
        {"country": texts(["c0"])},
        {"country": texts(["c0"]), "phone": texts([None])},
        {"country": texts(["c0"]), "phone": texts(["on holiday"])},
    )

    assert model.likelihoods(bare) == model.likelihoods(unset) == model.likelihoods(unseen)


def test_nobody_is_ever_certain():
    won = table(*[("c0", "p0", "u1", "ok", "ok", "s1")] * 400)
    lost = table(*[("c9", "p9", "u9", "bad", "bad", "s1")] * 400)
    both = {name: np.concatenate([won[name], lost[name]]) for name in VARIABLES}
    told = learn_naive_bayes(both, np.repeat([1.0, 0.0], 400)).likelihoods(both)

    assert told.max() == 0.9999
    assert told.min() == 0.0001
