"""When a lead has ended, from its stages: of all but wins the last word counts."""

from __future__ import annotations

import pytest

from features.stages import FINAL, STAGES, has_ended, is_excluded


@pytest.mark.parametrize(
    ("stages", "ended"),
    [
        ((), False),
        (("accepted",), False),
        (("accepted", "lost"), True),
        (("lost", "accepted"), False),
        (("lost", "reopened"), False),
        (("returned", "accepted", "qualified"), False),
        (("excluded", "reopened", "accepted"), False),
        (("won", "qualified"), True),
        (("won", "left", "accepted"), True),
        (("won", "reopened"), False),
        (("won", "reopened", "lost"), True),
    ],
)
def test_a_lead_has_ended_by_its_last_word_or_by_a_win(stages: tuple[str, ...], ended: bool):
    assert has_ended(stages) == ended


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_alone_ends_a_lead_or_not_as_it_is_said_to(stage: str):
    assert has_ended((stage,)) == (stage in FINAL)


def test_only_the_last_word_excludes():
    assert is_excluded(("accepted", "excluded"))
    assert not is_excluded(("excluded", "reopened"))
    assert not is_excluded(())
