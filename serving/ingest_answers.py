"""What the ingest route answers, as models: for the OpenAPI description and its clients."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.answers import Wrong
from serving.lead_answers import ScoreInShort


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IngestResult(_Model):
    """What became of one record of a payload; a record may tell several things."""

    pointer: str = Field(description="RFC 6901 pointer to the record in the payload.")
    record: str = Field(description="Its kind in the mapping; empty where none was recognised.")
    what: Literal[
        "lead", "account", "activity", "outcome", "removal", "merge", "link", "nothing", "refused"
    ]
    id: str | None = Field(description="Ours: of the lead, the account or the event.")
    status: Literal["stored", "duplicate", "conflict", "ignored", "refused"]
    reason: str = Field(description="Why it is ignored, or a conflict; what else is to be known.")
    errors: list[Wrong] = Field(
        description="What is wrong with it. Of a record that is stored: values that were set aside."
    )


class Unmapped(_Model):
    """A value for which the mapping has no level."""

    record: str
    field: str
    value: str
    times: int


class IngestTold(_Model):
    """What became of a payload, and the new scores of the leads it concerns."""

    results: list[IngestResult]
    scores: dict[str, ScoreInShort]
    not_read: dict[str, int] = Field(
        description="Fields that the mapping tells and no field of this workspace reads, and how "
        "often they came."
    )
    unmapped: list[Unmapped]
