"""The request bodies of `/v1/what-if` and `/v1/counterfactual`, of this workspace's leads."""

from __future__ import annotations

from typing import Any

from features.fields import Fields
from features.rulebook.document import Rulebook
from models.actionable import levels_of
from models.counterfactual import MOST_CHANGES
from models.scorer import Scorer
from serving.counterfactual import MOST_ALTERNATIVES
from serving.incoming import ID
from serving.schema import ACTIVITY, INSTANT, example_lead, property_of
from serving.what_if import MOST_ADDED, MOST_POINTS, changeable

ADDED_ACTIVITY: dict[str, Any] = ACTIVITY | {
    "title": "AddedActivity",
    "description": "Something that had happened too; without an instant, now.",
    "required": [],
    "properties": {
        **ACTIVITY["properties"],
        "occurred_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": f"{INSTANT}; default: the instant of the question.",
        },
    },
}
_NOTHING = {"type": "null"}
_ACTIVITIES = {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Activity"}}
_AS_OF = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": f"The instant as of which to look: {INSTANT}; default: now.",
}
_SUPPOSED: dict[str, Any] = {
    "changes": {"$ref": "#/components/schemas/Changes"},
    "add_activities": {
        "type": ["array", "null"],
        "maxItems": MOST_ADDED,
        "items": {"$ref": "#/components/schemas/AddedActivity"},
    },
    "rulebook": {"$ref": "#/components/schemas/SupposedRulebook"},
}
_SOUGHT: dict[str, Any] = {
    "goal": {"$ref": "#/components/schemas/Goal"},
    "most_changes": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_CHANGES},
    "alternatives": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_ALTERNATIVES},
}


def question_schemas(scorer: Scorer) -> dict[str, Any]:
    """What the bodies refer to: the fields, levels, criteria and grades of this model."""
    return {
        "Changes": _changes(scorer),
        "AddedActivity": ADDED_ACTIVITY,
        "SupposedRulebook": _rulebook(scorer.rulebook),
        "Goal": _goal(scorer.rulebook),
    }


def _changes(scorer: Scorer) -> dict[str, Any]:
    properties = {}
    for field in changeable(scorer.fields).values():
        told = property_of(field)
        levels = levels_of(scorer, field) if field.type == "category" else ()
        if levels:
            told |= {"enum": [*levels, *field.missing, None]}
        properties[field.name] = told
    return {
        "type": ["object", "null"],
        "title": "Changes",
        "description": "Fields of the lead with another value; null makes one unknown.",
        "properties": properties,
        "additionalProperties": False,
    }


def _rulebook(rulebook: Rulebook) -> dict[str, Any]:
    points = {"type": "number", "minimum": -MOST_POINTS, "maximum": MOST_POINTS}
    one = {
        "type": "object",
        "required": ["points"],
        "properties": {"points": points},
        "additionalProperties": False,
    }
    criteria = {c.id: one | {"description": f"{c.says}: {c.points:g}"} for c in rulebook.criteria}
    return {
        "type": ["object", "null"],
        "title": "SupposedRulebook",
        "description": "Criteria with other points than were signed.",
        "required": ["criteria"],
        "properties": {
            "criteria": {"type": "object", "properties": criteria, "additionalProperties": False}
        },
        "additionalProperties": False,
    }


def _goal(rulebook: Rulebook) -> dict[str, Any]:
    kinds: dict[str, dict[str, Any]] = {
        "grade": {"type": "string", "enum": list(rulebook.grades)},
        "score": {"type": "number", "minimum": 0, "maximum": 100},
        "handed_over": {"const": True},
    }
    one_each = [
        {
            "type": "object",
            "required": [name],
            "properties": {name: told},
            "additionalProperties": False,
        }
        for name, told in kinds.items()
    ]
    return {
        "title": "Goal",
        "description": "What is to be reached; default: the next grade.",
        "anyOf": [*one_each, _NOTHING],
    }


def what_if_body(most_activities: int) -> dict[str, Any]:
    """The OpenAPI request body of `POST /v1/what-if`."""
    return _about_one_lead(_SUPPOSED, most_activities)


def counterfactual_body(most_activities: int) -> dict[str, Any]:
    """The OpenAPI request body of `POST /v1/counterfactual`."""
    return _about_one_lead(_SOUGHT, most_activities)


def _about_one_lead(own: dict[str, Any], most_activities: int) -> dict[str, Any]:
    stored = {
        "lead_id": {"type": "string", "pattern": ID, "description": "A stored lead, as of now."},
        "lead": _NOTHING,
        "activities": _NOTHING,
        "as_of": _NOTHING,
    }
    sent = {
        "lead_id": _NOTHING,
        "lead": {"$ref": "#/components/schemas/Lead"},
        "activities": _ACTIVITIES | {"maxItems": most_activities},
        "as_of": _AS_OF,
    }
    either = [
        {
            "type": "object",
            "title": title,
            "required": [needed],
            "properties": whose | own,
            "additionalProperties": False,
        }
        for title, needed, whose in (
            ("About a stored lead", "lead_id", stored),
            ("About a lead that is sent", "lead", sent),
        )
    ]
    return {"required": True, "content": {"application/json": {"schema": {"anyOf": either}}}}


def what_if_examples(scorer: Scorer) -> dict[str, Any]:
    """Examples of `POST /v1/what-if`, of this workspace's fields and criteria."""
    lead = example_lead(scorer.fields)
    changes = {f.name: f.example for f in changeable(scorer.fields).values() if f.example}
    criteria = {c.id: {"points": c.points + 2} for c in scorer.rulebook.criteria[:1]}
    values = {
        "an activity more": {"lead": lead, "add_activities": [_example(scorer.fields)]},
        "another value": {"lead_id": "L-000042", "changes": dict([*changes.items()][:1])},
        "another agreement": {"lead": lead, "rulebook": {"criteria": criteria}},
    }
    return {name: {"value": value} for name, value in values.items()}


def _example(fields: Fields) -> dict[str, Any]:
    for activity in fields.actionable_activities:
        return {"channel": activity.channel, "kind": activity.kind, "team": activity.team}
    return {"channel": "web", "kind": "pricing_page"}


def counterfactual_examples(scorer: Scorer) -> dict[str, Any]:
    """Examples of `POST /v1/counterfactual`."""
    lead = example_lead(scorer.fields)
    return {
        "the next grade": {"value": {"lead": lead}},
        "the hand-over": {"value": {"lead_id": "L-000042", "goal": {"handed_over": True}}},
    }
