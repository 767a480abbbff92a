"""Scores without a record: of leads as they are sent, as they could be, as they should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.answers import Score, Scores
from serving.client.calling import Caller, at, operation
from serving.what_if_models import CounterfactualTold, WhatIfTold

Fields = Mapping[str, Any]
"""A lead's fields by name, or part of them; null for unknown."""
Activity = Mapping[str, Any]
"""Such as {"occurred_at": "2026-11-20T09:30:00Z", "channel": "web", "kind": "pricing_page"}."""


def _given(**told: Any) -> dict[str, Any]:
    """What is not None."""
    return {name: value for name, value in told.items() if value is not None}


class ScoreCalls:
    """`/v1/score`, `/v1/what-if`, `/v1/counterfactual`: nothing is stored."""

    _caller: Caller

    @operation("scores_score_leads")
    def score(
        self,
        lead: Fields,
        activities: Sequence[Activity] | None = None,
        as_of: str | None = None,
    ) -> Score:
        """Score one lead, as of an ISO 8601 instant or now."""
        body = _given(lead=lead, activities=activities, as_of=as_of)
        return self._caller.ask("POST", at("score"), Score, json=body)

    def score_many(self, leads: Sequence[Mapping[str, Any]]) -> Scores:
        """Score several leads, each `{"lead": ..., "activities": ..., "as_of": ...}`; one that
        cannot be taken is told in its place."""
        return self._caller.ask("POST", at("score"), Scores, json={"leads": list(leads)})

    @operation("scores_what_if")
    def what_if(
        self,
        lead_id: str | None = None,
        *,
        lead: Fields | None = None,
        activities: Sequence[Activity] | None = None,
        as_of: str | None = None,
        changes: Fields | None = None,
        add_activities: Sequence[Activity] | None = None,
        points: Mapping[str, float] | None = None,
    ) -> WhatIfTold:
        """A lead before and after: a stored one by its id, or one that is sent.

        Args:
            changes: fields with another value.
            add_activities: that had happened too; now, where they say no instant.
            points: criteria by id with other points than were signed.
        """
        body = _given(lead_id=lead_id, lead=lead, activities=activities, as_of=as_of)
        body |= _given(changes=changes, add_activities=add_activities)
        if points is not None:
            body["rulebook"] = {"criteria": {name: {"points": p} for name, p in points.items()}}
        return self._caller.ask("POST", at("what-if"), WhatIfTold, json=body)

    @operation("scores_counterfactual")
    def counterfactual(
        self,
        lead_id: str | None = None,
        *,
        lead: Fields | None = None,
        activities: Sequence[Activity] | None = None,
        as_of: str | None = None,
        goal: Mapping[str, Any] | None = None,
        most_changes: int | None = None,
        alternatives: int | None = None,
    ) -> CounterfactualTold:
        """The smallest sets of changes by which a lead reaches a goal.

        Args:
            goal: `{"grade": "B"}`, `{"score": 70}` or `{"handed_over": True}`; else the next grade.
            most_changes: in one set, 1 to 3.
            alternatives: how many sets are wanted, 1 to 10.
        """
        body = _given(lead_id=lead_id, lead=lead, activities=activities, as_of=as_of)
        body |= _given(goal=goal, most_changes=most_changes, alternatives=alternatives)
        return self._caller.ask("POST", at("counterfactual"), CounterfactualTold, json=body)
