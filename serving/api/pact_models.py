"""What the routes of the pact take, as models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from serving.feedback import MAX_NOTE, REASONS
from serving.incoming import ID
from serving.pact.drafts import MAX_TEXT
from serving.storage.pact_tables import MAX_CRITERION
from serving.storage.tables import MAX_ID

_PRINTABLE = r"^[^\u0000]*$"
_OUR_ID = "^[0-9a-f]{16}$"
_HASH = "^[0-9a-f]{64}$"
_LONG = 4000
_LIST = 50

Title = Annotated[str, Field(min_length=1, max_length=MAX_ID, pattern=_PRINTABLE)]
Long = Annotated[str, Field(max_length=_LONG, pattern=_PRINTABLE)]
Word = Annotated[str, Field(min_length=1, max_length=MAX_CRITERION, pattern=_PRINTABLE)]
OurId = Annotated[str, Field(pattern=_OUR_ID)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class ProposalWanted(_Model):
    """A proposal: the whole rulebook as it shall be."""

    title: Title
    rationale: Long = Field(description="Why, for those who sign.")
    rulebook: str = Field(
        min_length=1,
        max_length=MAX_TEXT,
        pattern=_PRINTABLE,
        description="YAML, as `GET /v1/editions/{edition}` tells it. What it says of its own name "
        "and state is replaced.",
    )
    effective_from: AwareDatetime | None = Field(
        None, strict=False, description="When it shall take effect; null as soon as it is agreed."
    )
    wishes: list[OurId] = Field([], max_length=_LIST, description="That it answers.")


class SignatureWanted(_Model):
    """A signature, for one's own team."""

    sha256: str = Field(pattern=_HASH, description="Of the text that was read.")


class RebaseWanted(_Model):
    """How to settle what both sides changed."""

    choices: dict[str, Literal["mine", "theirs"]] = Field(
        {}, max_length=1000, description="Item in conflict -> whose value it takes."
    )


class EvidenceWanted(_Model):
    """A lead, and maybe a hand-off or a dispute of it."""

    lead_id: str = Field(pattern=ID)
    handoff_id: OurId | None = None
    dispute_id: OurId | None = None


class WishWanted(_Model):
    """What one would have otherwise."""

    title: Title
    text: Long
    criterion: Word | None = None
    topic: Word | None = Field(None, description="Wishes of one topic are shown together.")
    evidence: list[EvidenceWanted] = Field([], max_length=_LIST)


class TopicWanted(_Model):
    """The topic of a wish; null takes it out of any."""

    topic: Word | None


class CommentWanted(_Model):
    """What one says."""

    text: str = Field(min_length=1, max_length=_LONG, pattern=_PRINTABLE)


class DecisionWanted(_Model):
    """What is decided of a hand-off."""

    decision: Literal["accepted", "returned", "recycled"]
    reason: str | None = Field(
        None,
        description="Needed for a return.",
        json_schema_extra={"enum": [*REASONS, None]},
    )
    line: str | None = Field(
        None,
        max_length=MAX_ID,
        pattern=_PRINTABLE,
        description="Key of the line of the score that a return disputes.",
    )
    note: str | None = Field(None, max_length=MAX_NOTE, pattern=_PRINTABLE)


class ReportWanted(_Model):
    """What is seen on the ground."""

    about: Literal["account", "criterion"]
    subject: Word = Field(description="The account's or the criterion's id.")
    text: str = Field(min_length=1, max_length=_LONG, pattern=_PRINTABLE)


class ContestWanted(_Model):
    """What is said of a lead's score."""

    says: Literal["too high", "too low"]
    why: Long
    criterion: Word | None = None


class ModelDecision(_Model):
    """What is decided of the challenger, and why."""

    model: str = Field(pattern="^[0-9a-z]{1,64}$", description="Its name, as it was read.")
    note: str = Field(min_length=1, max_length=MAX_NOTE, pattern=_PRINTABLE)
