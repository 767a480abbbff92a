"""docs/rulebook.md holds: every example is read, fits the sample, and says its sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import features.rulebook.reading as grammar
from features.fields import read_fields
from features.rulebook.cases import run_cases
from features.rulebook.check import unusable
from features.rulebook.criteria import Criterion
from features.rulebook.document import Rulebook, parse_rulebook
from features.rulebook.findings import findings
from features.rulebook.reading import read_rule, read_sentence
from features.rulebook.sentences import rule_sentence, sentence

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "rulebook.md").read_text(encoding="utf-8")
FIELDS = read_fields(ROOT / "training" / "sample" / "fields.yaml")
BASE = {
    "edition": "docs",
    "hand_over_from": 40,
    "grades": {"A": 0},
    "groups": {"fit": {"label": "Fit"}, "engagement": {"label": "Engagement"}},
    "criteria": [],
}


def blocks() -> Iterator[tuple[dict[str, Any], str]]:
    """Every YAML block with the sentence quoted under it, "" where there is none."""
    for part in TEXT.split("```yaml\n")[1:]:
        block, _, rest = part.partition("```\n")
        quoted = rest.split("\n", 1)[0]
        yield yaml.safe_load(block), quoted.removeprefix("> ") if quoted.startswith("> ") else ""


RULES = [(told, says) for told, says in blocks() if "when" in told]
PARTS = [told for told, _ in blocks() if "when" not in told and "edition" not in told]
EDITIONS = [told for told, _ in blocks() if "edition" in told]


def test_the_document_has_examples_of_every_sort():
    assert len(RULES) >= 15
    assert len(PARTS) >= 3
    assert len(EDITIONS) == 1
    assert all(says for _, says in RULES)


@pytest.mark.parametrize(("told", "says"), RULES, ids=[says for _, says in RULES])
def test_every_rule_reads_as_the_sentence_under_it_and_back(told: dict[str, Any], says: str):
    whole = {"id": "x", "says": "X", "group": "fit", "points": 1} | told
    criterion = Criterion.model_validate(whole)
    assert unusable("The example", criterion.when, FIELDS) == []
    if "points" in told:
        assert rule_sentence(criterion) == says
        assert read_rule(says).when == criterion.when
    else:
        assert sentence(criterion.when) == says
        assert read_sentence(says) == criterion.when


@pytest.mark.parametrize("told", PARTS, ids=["+".join(told) for told in PARTS])
def test_every_part_of_an_edition_fits_into_one(told: dict[str, Any]):
    book = Rulebook.model_validate(BASE | told)
    assert parse_rulebook(book.text()) == book


def test_the_whole_edition_is_sound_and_its_tests_hold():
    book = Rulebook.model_validate(EDITIONS[0])
    assert [f.sentence() for f in findings(book, FIELDS) if f.severity == "error"] == []
    verdicts = run_cases(book, FIELDS)
    assert len(verdicts) == 3
    assert [v.why for v in verdicts] == [""] * 3


def test_the_grammar_is_the_readers_own():
    shown = TEXT.split("## The sentences\n\n```\n")[1].split("```\n")[0]
    assert grammar.__doc__ is not None
    told = grammar.__doc__.split("::\n\n")[1].split("\n\n")[0]
    assert [line.strip() for line in shown.splitlines()] == [
        line.strip() for line in told.splitlines()
    ]
