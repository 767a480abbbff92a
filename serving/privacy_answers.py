"""What the routes of privacy answer, as models: for the OpenAPI description and its clients."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PersonTold(_Model):
    """Everything that is kept of a person; empty lists where nothing is."""

    made_at: str
    note: str
    leads: list[dict[str, JsonValue]]
    activities_elsewhere: list[dict[str, JsonValue]]
    outcomes_elsewhere: list[dict[str, JsonValue]]
    kept_answers: list[dict[str, JsonValue]]
    wishes: list[dict[str, JsonValue]]


class Removed(_Model):
    """How many rows of each kind were removed."""

    leads: int
    versions: int
    activities: int
    outcomes: int
    scores: int
    feedback: int
    answers: int = Field(description="Kept for requests that are repeated.")
    copied_rows: int = Field(description="Of copies for training on this machine.")
    copies_gone: int = Field(
        description="Copies for training that are no longer where they were written. Where they "
        "went is not known here: remove the person there."
    )


class ErasedTold(_Model):
    """What an erasure did."""

    removed: Removed
    refused_until: str = Field(description="Until then nothing is taken of the person.")
