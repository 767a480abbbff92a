"""The OpenAPI description of what this workspace's leads look like, with examples."""

from __future__ import annotations

from typing import Any

from features.activities import MAX_LABEL, MAX_VALUE
from features.columns import readable
from features.fields import Field, Fields
from features.values import MAX_TEXT, allowed

NO_NUL = "^[^\\u0000]*$"
"""Every text but one that holds a NUL, which no store takes."""
INSTANT = "an ISO 8601 date and time such as 2026-11-24T11:58:00Z"


def lead_schema(fields: Fields) -> dict[str, Any]:
    """JSON Schema of a lead: the fields a score may look at, all optional, null for unknown."""
    properties = {f.name: property_of(f) for f in readable(fields)}
    return {
        "type": "object",
        "title": "Lead",
        "description": (
            "The lead as known now. Every field may be left out or null. Keys that are no field "
            "of this workspace are ignored and named in `warnings`."
        ),
        "properties": properties,
        "additionalProperties": True,
        "example": example_lead(fields),
    }


def stored_lead_schema(fields: Fields, id_pattern: str) -> dict[str, Any]:
    """The same for a lead that is stored: its id is in the address, its account is an id."""
    told = lead_schema(fields)
    properties = {k: v for k, v in told["properties"].items() if k != fields.lead}
    if fields.account is not None:
        about = properties[fields.account]["description"]
        account = {"type": ["string", "null"], "pattern": id_pattern, "description": about}
        properties[fields.account] = account
    example = {k: v for k, v in told["example"].items() if k != fields.lead}
    return told | {"title": "StoredLead", "properties": properties, "example": example}


def property_of(field: Field) -> dict[str, Any]:
    """JSON Schema of one field's value."""
    told: dict[str, Any]
    match field.type:
        case "number":
            told = {"type": ["number", "null"]}
            if field.minimum is not None:
                told["minimum"] = field.minimum
            if field.maximum is not None:
                told["maximum"] = field.maximum
        case "boolean":
            told = {"type": ["boolean", "null"]}
        case "instant":
            told = {"type": ["string", "null"], "format": "date-time"}
        case _:
            told = {"type": ["string", "null"], "maxLength": MAX_TEXT, "pattern": NO_NUL}
    if field.type in ("number", "boolean", "instant") and field.missing:
        told = {"anyOf": [told, {"type": "string", "enum": list(field.missing)}]}
    words = [f"{field.title}: {allowed(field)}."]
    if field.unit:
        words.append(f"Unit: {field.unit}.")
    words.append(f"Owner: {field.owner}.")
    told["description"] = " ".join(words)
    if field.example is not None:
        told["examples"] = [field.example]
    return told


def example_lead(fields: Fields) -> dict[str, Any]:
    """A lead made of the fields' own examples."""
    return {f.name: f.example for f in readable(fields) if f.example is not None}


ACTIVITY: dict[str, Any] = {
    "type": "object",
    "title": "Activity",
    "description": (
        "Something the lead, or a colleague at its account, did. It counts only if it had "
        "occurred and been recorded by the scoring instant."
    ),
    "required": ["occurred_at"],
    "additionalProperties": False,
    "properties": {
        "occurred_at": {"type": "string", "format": "date-time", "description": INSTANT},
        "recorded_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When the CRM knew of it; default: when it occurred.",
        },
        "lead_id": {
            "type": ["string", "null"],
            "maxLength": MAX_LABEL,
            "pattern": NO_NUL,
            "description": "Default: this lead. Another id makes it a colleague's.",
        },
        "account_id": {
            "type": ["string", "null"],
            "maxLength": MAX_LABEL,
            "pattern": NO_NUL,
            "description": "Default: this lead's account.",
        },
        "channel": {
            "type": ["string", "null"],
            "maxLength": MAX_LABEL,
            "pattern": NO_NUL,
            "examples": ["web"],
        },
        "kind": {
            "type": ["string", "null"],
            "maxLength": MAX_LABEL,
            "pattern": NO_NUL,
            "examples": ["pricing_page"],
        },
        "team": {
            "type": ["string", "null"],
            "maxLength": MAX_LABEL,
            "pattern": NO_NUL,
            "examples": ["marketing"],
        },
        "value": {"type": ["number", "null"], "minimum": -MAX_VALUE, "maximum": MAX_VALUE},
    },
}

_ONE: dict[str, Any] = {
    "type": "object",
    "title": "One lead",
    "required": ["lead"],
    "properties": {
        "lead": {"$ref": "#/components/schemas/Lead"},
        "activities": {
            "type": ["array", "null"],
            "items": {"$ref": "#/components/schemas/Activity"},
        },
        "as_of": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": f"The instant as of which to score: {INSTANT}; default: now.",
        },
    },
}


def request_body(max_leads: int, max_activities: int) -> dict[str, Any]:
    """The OpenAPI request body of `POST /v1/score`: one lead, or a list of them."""
    one = _with_most(_ONE, max_activities)
    many = {
        "type": "object",
        "title": "Several leads",
        "required": ["leads"],
        "not": {"required": ["lead"]},
        "properties": {
            "leads": {
                "type": "array",
                "minItems": 1,
                "maxItems": max_leads,
                "items": {"$ref": "#/components/schemas/OneLead"},
            }
        },
    }
    alone = one | {"not": {"required": ["leads"]}}
    return {
        "required": True,
        "content": {"application/json": {"schema": {"anyOf": [alone, many]}}},
    }


def examples(fields: Fields) -> dict[str, Any]:
    """Examples of `POST /v1/score`, of this workspace's fields."""
    lead = example_lead(fields)
    did = {"occurred_at": "2026-11-20T09:30:00Z", "channel": "web", "kind": "pricing_page"}
    return {
        "one lead": {"value": {"lead": lead, "activities": [did]}},
        "several leads": {"value": {"leads": [{"lead": lead}, {"lead": lead}]}},
    }


def components(fields: Fields, max_activities: int) -> dict[str, Any]:
    """The schemas that the request body refers to."""
    return {
        "Lead": lead_schema(fields),
        "Activity": ACTIVITY,
        "OneLead": _with_most(_ONE, max_activities),
    }


def _with_most(schema: dict[str, Any], max_activities: int) -> dict[str, Any]:
    properties = schema["properties"]
    bounded = properties["activities"] | {"maxItems": max_activities}
    return schema | {"properties": properties | {"activities": bounded}}
