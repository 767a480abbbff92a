"""The leak guard: what it names, what it leaves alone, and who answers for what it lets through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.arrays import Column, Floats, Table, texts
from features.errors import DocumentRefused, InputRefused, LeakSuspected
from features.fields import Fields
from tests.support import build
from training.leak_guard import guard, inspect

N = 2000


def _fields(kinds: dict[str, str], more: str = "") -> Fields:
    told = "\n".join(
        f" - {{name: {n}, column: {n}, type: {t}, role: attribute}}" for n, t in kinds.items()
    )
    return build.fields(
        f"lead: lead_id\n{more}\nfields:\n - {{name: lead_id, column: Id, type: id, role: id}}\n"
        f" - {{name: came, column: Came, type: instant, role: id}}\n{told}\n"
    )


def _outcomes(rng: np.random.Generator) -> Floats:
    return (rng.random(N) < 0.2).astype(np.float64)


def _columns(**columns: Column) -> Table:
    return Table(N, {"lead_id": texts(f"L{i}" for i in range(N)), **columns})


def test_a_field_that_ranks_leads_too_well_alone_is_refused_with_its_reason() -> None:
    rng = np.random.default_rng(0)
    y = _outcomes(rng)
    after = np.where(y == 1, rng.normal(3, 1, N), rng.normal(0, 1, N))
    fields = _fields({"plain": "number", "echo": "number"})
    columns = _columns(plain=rng.normal(0, 1, N), echo=after)
    with pytest.raises(LeakSuspected, match=r"echo: Alone it ranks.*AUC of 0\.9") as caught:
        guard(columns, fields, y)
    assert caught.value.fields == ("echo",)
    assert "--accept-leak echo" in str(caught.value)


def test_a_field_that_is_filled_in_only_for_converted_leads_is_named() -> None:
    rng = np.random.default_rng(1)
    y = _outcomes(rng)
    filled = (y == 1) | (rng.random(N) < 0.01)
    column = texts("x" if f else None for f in filled)
    (found,) = inspect(_columns(form=column), _fields({"form": "category"}), y)
    assert found.field == "form"
    assert "Whether it is filled in settles the matter" in found.reason


def test_a_level_that_all_but_settles_the_matter_is_named_with_its_counts() -> None:
    rng = np.random.default_rng(2)
    y = _outcomes(rng)
    settled = (y == 1) & (rng.random(N) < 0.4)
    mark = texts("sealed" if s else rng.choice(["a", "b"]) for s in settled)
    (found,) = inspect(_columns(mark=mark), _fields({"mark": "category"}), y)
    assert f"sealed (100% of {settled.sum()})" in found.reason


def test_an_instant_that_lies_after_the_lead_came_is_named() -> None:
    rng = np.random.default_rng(3)
    came = build.at(*(rng.random(N) * 300))
    later = came + np.where(rng.random(N) < 0.1, 20, 0).astype("timedelta64[D]")
    fields = _fields({"touched": "instant"}, "timing: {as_of: came}")
    (found,) = inspect(_columns(came=came, touched=later), fields, _outcomes(rng))
    assert "more than a day after the lead's own instant" in found.reason


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("category", texts(f"u-{i * 7919 % 100_003}" for i in range(N))),
        ("number", np.random.default_rng(4).permutation(N).astype(np.float64)),
    ],
)
def test_an_identifier_declared_as_an_input_is_named(kind: str, column: Column) -> None:
    y = _outcomes(np.random.default_rng(5))
    (found,) = inspect(_columns(key=column), _fields({"key": kind}), y)
    assert found.reason.startswith("It identifies the lead instead of describing it: 2,000 values")


def test_honest_fields_even_strong_ones_are_left_alone() -> None:
    rng = np.random.default_rng(6)
    y = _outcomes(rng)
    strong = y * 0.9 + rng.normal(0, 1, N)
    amount = np.round(rng.lognormal(10, 1, N) * 100) / 100
    level = texts(rng.choice(["a", "b", "c"], N))
    kinds = {"strong": "number", "amount": "number", "level": "category"}
    assert inspect(_columns(strong=strong, amount=amount, level=level), _fields(kinds), y) == []


def test_what_a_person_accepts_is_let_through_and_told() -> None:
    y = _outcomes(np.random.default_rng(7))
    columns, kinds = _columns(echo=y + 0.0), {"echo": "number"}
    by_hand = guard(columns, _fields(kinds), y, ("echo",))
    assert by_hand["echo"].endswith("Accepted by --accept-leak.")
    in_file = guard(columns, _fields(kinds, "accept_leaks: {echo: measured before the call}"), y)
    assert in_file["echo"].endswith("Accepted in the fields file: measured before the call")
    assert "AUC of 1.00" in in_file["echo"]


def test_accepting_one_field_does_not_let_another_through() -> None:
    y = _outcomes(np.random.default_rng(8))
    fields = _fields({"echo": "number", "twin": "number"})
    with pytest.raises(LeakSuspected) as caught:
        guard(_columns(echo=y + 0.0, twin=1 - y), fields, y, ("echo",))
    assert caught.value.fields == ("twin",)


def test_accepting_what_is_no_input_is_refused() -> None:
    y = _outcomes(np.random.default_rng(9))
    with pytest.raises(InputRefused, match=r"names 'eccho', which is no input\. Inputs: echo"):
        guard(_columns(echo=y), _fields({"echo": "number"}), y, ("eccho",))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("accept_leaks: {nobody: because}", "accept_leaks names 'nobody'"),
        ('accept_leaks: {echo: ""}', "accept_leaks: write the reason"),
        ("segments: [nobody]", "segments names 'nobody'"),
    ],
)
def test_a_fields_file_that_contradicts_itself_is_refused(more: str, says: str) -> None:
    with pytest.raises(DocumentRefused, match=says):
        _fields({"echo": "number"}, more)


def test_accepted_leaks_and_segments_do_not_change_what_a_score_means() -> None:
    kinds: dict[str, Any] = {"echo": "number"}
    more = "segments: [echo]\naccept_leaks: {echo: known}"
    assert _fields(kinds).fingerprint() == _fields(kinds, more).fingerprint()
