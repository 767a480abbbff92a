"""A rule reads as a sentence in both directions: what is written reads back as the same tree."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from features.errors import SentenceRefused
from features.rulebook.conditions import Condition, Fact, Happened, Which
from features.rulebook.criteria import Criterion
from features.rulebook.document import parse_rulebook
from features.rulebook.reading import read_rule, read_sentence
from features.rulebook.sentences import rule_sentence, sentence
from features.yaml_text import as_yaml
from tests.support.build import RULEBOOK
from tests.support.strategies import any_conditions, criteria, some_fields


@given(any_conditions())
@example(Fact(field="is", contains='"'))
@example(Happened(activity=Which(kind="x_at", team="sales"), by="account"))
def test_a_tree_written_as_a_sentence_reads_back_as_the_same_tree(tree: Condition):
    again = read_sentence(sentence(tree))
    assert again == tree
    assert type(again) is type(tree)
    assert repr(again) == repr(tree)


@given(st.data())
def test_a_criterion_written_as_a_sentence_reads_back_with_its_points(data: st.DataObject):
    criterion = data.draw(criteria(0, data.draw(some_fields())))
    rule = read_rule(rule_sentence(criterion))
    told = {"id": "c0", "says": criterion.says, "group": criterion.group, "owner": criterion.owner}
    assert Criterion(**told, when=rule.when, **rule.terms) == criterion


@pytest.mark.parametrize("odd", ["\x85", "a\u2028b", "\ufeffx", "#'\"\n", " \u2029"])
def test_characters_that_yaml_takes_for_breaks_read_back(odd: str):
    told = {odd: [odd, {"a": odd}]}
    assert yaml.safe_load(as_yaml(told)) == told


@given(any_conditions())
def test_yaml_to_tree_to_sentence_to_tree(tree: Condition):
    edition = parse_rulebook(RULEBOOK)
    [first, *rest] = edition.criteria
    changed = first.model_copy(update={"when": tree, "count": "once", "decay": None})
    again = parse_rulebook(edition.model_copy(update={"criteria": (changed, *rest)}).text())
    assert read_sentence(sentence(again.criteria[0].when)) == tree


@given(any_conditions(), st.data())
def test_a_damaged_sentence_is_read_or_refused_at_a_place_in_it(
    tree: Condition, data: st.DataObject
):
    told = sentence(tree)
    at = data.draw(st.integers(0, len(told)))
    damage = data.draw(st.sampled_from(["", "(", ")", '"', " and", " is", ",", " within 3"]))
    damaged = told[:at] + damage + told[at + 1 :]
    try:
        found, refused = read_sentence(damaged), None
    except SentenceRefused as error:
        found, refused = None, error
    if found is not None:
        assert read_sentence(sentence(found)) == found
    if refused is not None:
        assert 0 <= refused.at <= len(damaged)
        assert refused.expected
        assert "expected" in str(refused)


@pytest.mark.parametrize("depth", [51, 5000])
def test_parentheses_without_end_are_refused_not_followed(depth: int):
    with pytest.raises(SentenceRefused, match="at most 50 levels"):
        read_sentence("(" * depth + "a is 1" + ")" * depth)
