"""What the routes of access take, as models."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from serving.access.permissions import PERMISSIONS, ROLES
from serving.access.words import NAME
from serving.problems import Trouble, wrong
from serving.schema import NO_NUL
from serving.storage.access_tables import MAX_EMAIL, MAX_NAME, MAX_VIEW

M = TypeVar("M", bound=BaseModel)
_ROLE = Field(description=f"One of {', '.join(ROLES)}.", json_schema_extra={"enum": list(ROLES)})


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class KeyWanted(_Model):
    """A key to make."""

    name: str = Field(
        pattern=NAME,
        description="What it is for.",
        min_length=1,
        max_length=MAX_NAME,
        examples=["CRM, production"],
    )
    role: str = _ROLE
    scopes: list[str] | None = Field(
        None,
        description="Permissions to which the key is narrowed; null leaves all of its role.",
        max_length=len(PERMISSIONS),
        json_schema_extra={"items": {"type": "string", "enum": list(PERMISSIONS)}},
    )
    expires_at: AwareDatetime | None = Field(
        None, description="When it stops working; null is never.", strict=False
    )


class PersonWanted(_Model):
    """A person to add."""

    email: str = Field(max_length=MAX_EMAIL, json_schema_extra={"format": "email"})
    name: str = Field(min_length=1, max_length=MAX_NAME, pattern=NAME)
    role: str = _ROLE


class PersonChange(_Model):
    """What changes of a person; null leaves it."""

    role: str | None = Field(None, json_schema_extra={"enum": [*ROLES, None]})
    disabled: bool | None = None


def parse(model: type[M], told: Any) -> M:
    """A body as a model.

    Raises:
        Trouble: with everything that does not fit.
    """
    try:
        return model.model_validate(told)
    except ValidationError as error:
        problems = [
            wrong("/" + "/".join(map(str, e["loc"])), "", f"{e['msg']}.", "see /docs")
            for e in error.errors(include_input=False, include_url=False)
        ]
        says = " ".join(p.sentence() for p in problems)
        raise Trouble("input-refused", says, problems) from None


class ViewAsks(_Model):
    """What a view asks for, as in the worklist's address; "" for nothing."""

    view: str = Field(default="", max_length=200, pattern=NO_NUL)
    grade: str = Field(default="", max_length=200, pattern=NO_NUL)
    least: str = Field(default="", max_length=200, pattern=NO_NUL)
    stage: str = Field(default="", max_length=200, pattern=NO_NUL)
    owner: str = Field(default="", max_length=200, pattern=NO_NUL)
    channel: str = Field(default="", max_length=200, pattern=NO_NUL)
    grid: str = Field(default="", max_length=200, pattern=NO_NUL)
    sort: str = Field(default="", max_length=200, pattern=NO_NUL)


class ViewWanted(_Model):
    """A view to keep."""

    name: str = Field(min_length=1, max_length=MAX_VIEW, pattern=NAME)
    asks: ViewAsks = Field(default_factory=ViewAsks)
