"""What a value comes to: means of the lines that answer to a field, by its values."""

from __future__ import annotations

from typing import Any

import pytest

from serving.shapes import NOT_KNOWN, OTHERS, shapes
from tests.support.build import fields, rulebook


def told(value: Any, name: str, agreed: float, learned: float, key: str) -> Any:
    line = {"key": key, "agreed": agreed, "learned": learned}
    other = {"key": "field:visits", "agreed": 0.0, "learned": 100.0}
    return {name: value}, {"reasons": [line, other]}


def test_a_number_is_told_in_parts_of_its_range_and_what_is_not_known_apart():
    many = [told(float(v), "employees", 0.0, v / 100, "field:employees") for v in range(1, 101)]
    many += [told(None, "employees", 0.0, -3.0, "field:employees")] * 12
    [shape] = shapes(fields(), rulebook(), many, 9)
    assert [step.leads for step in shape.steps] == [20, 20, 20, 20, 20, 12]
    assert shape.steps[-1].value == NOT_KNOWN
    assert shape.steps[0].value == "1 to 20.8"
    means = [step.learned for step in shape.steps]
    assert means == pytest.approx([0.105, 0.305, 0.505, 0.705, 0.905, -3.0])
    assert shape.spread == pytest.approx(3.905)


def test_a_criterion_that_asks_a_field_counts_for_its_values():
    many = [told(True, "phone", 15.0, -2.0, "criterion:phone")] * 10
    many += [told(False, "phone", 0.0, 0.0, "criterion:phone")] * 10
    [shape] = shapes(fields(), rulebook(), many, 9)
    assert [(s.value, s.agreed, s.learned) for s in shape.steps] == [
        ("no", 0.0, 0.0),
        ("yes", 15.0, -2.0),
    ]


def test_rare_levels_are_together_and_values_of_few_leads_are_left_out():
    many = [
        told(f"level {k % 9}", "industry", 0.0, float(k % 9), "field:industry") for k in range(180)
    ]
    many += [told("rare", "industry", 0.0, 50.0, "field:industry")] * 3
    [shape] = shapes(fields(), rulebook(), many, 9)
    assert [s.value for s in shape.steps] == [*(f"level {k}" for k in range(6)), OTHERS]
    assert shapes(fields(), rulebook(), many[:4], 9) == []
