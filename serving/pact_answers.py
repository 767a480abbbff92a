"""What the routes of the pact answer, as models: for the OpenAPI description and its clients."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class MadeTold(_Model):
    """The id of what was made."""

    id: str


class SignatureTold(_Model):
    """One key: who signed which text, for which team, when."""

    team: Literal["marketing", "sales"]
    person_id: str
    sha256: str
    at: str


class EditionInShort(_Model):
    """An edition without its text."""

    name: str
    sha256: str
    effective_from: str | None = Field(description="Null for the edition that began the store.")
    agreed_at: str
    in_force: bool
    source: Literal["file", "proposal"]
    proposal_id: str | None
    note: str = Field(description="How it came to be agreed.")


class EditionsTold(_Model):
    """All editions, newest first."""

    editions: list[EditionInShort]


class RuleTold(_Model):
    """A criterion as a sentence."""

    id: str
    rule: str


class EditionTold(EditionInShort):
    """An edition with its text."""

    text: str = Field(description="YAML; reading it back gives the text that was signed.")
    rules: list[RuleTold]
    signatures: list[SignatureTold]


class ProposalInShort(_Model):
    """A proposal without its text."""

    id: str
    title: str
    state: str = Field(
        description="draft, proposed, signed by marketing, signed by sales, agreed, effective, "
        "superseded or withdrawn."
    )
    revision: int = Field(description="Grows with every edit; signatures are of one revision.")
    base: str = Field(description="The edition that it changes.")
    base_moved: bool = Field(description="Another edition was agreed meanwhile: rebase it.")
    edition: str = Field(description="What it will be called.")
    sha256: str = Field(description="Of its text: what is signed.")
    keys_needed: Literal["both", "marketing", "sales"]
    effective_wanted: str | None
    created_by: str
    created_at: str
    changed_at: str


class ProposalsTold(_Model):
    """Proposals, newest first."""

    proposals: list[ProposalInShort]


class ChangeTold(_Model):
    """One thing that the proposal says otherwise; null where it was not, or is no longer."""

    item: str
    was: JsonValue
    becomes: JsonValue
    evidence: dict[str, JsonValue] | None = Field(
        description="What history says of the criterion, by the model's card; null for nothing."
    )


class CommentTold(_Model):
    """What somebody said."""

    text: str
    by: str
    at: str


class WishInShort(_Model):
    """A wish without its text."""

    id: str
    title: str
    criterion: str | None
    topic: str | None
    proposal_id: str | None
    created_by: str
    created_at: str


class ProposalTold(ProposalInShort):
    """A proposal with all that people decide by."""

    rationale: str
    text: str
    says: list[str] = Field(description="The changes in words.")
    changes: list[ChangeTold]
    signatures: list[SignatureTold]
    void_signatures: int = Field(description="Of earlier revisions; they count for nothing.")
    replay: dict[str, JsonValue] | None = Field(
        description="What it does to stored leads; made when it is proposed."
    )
    wishes: list[WishInShort]
    comments: list[CommentTold]


class SignedTold(ProposalTold):
    """A proposal after a signature."""

    agreed: str | None = Field(description="The edition it became; null while a key is missing.")


class ConflictTold(_Model):
    """One thing that both sides changed, each otherwise; null where one removed it."""

    item: str
    base: JsonValue
    theirs: JsonValue
    mine: JsonValue


class RebasedTold(_Model):
    """What a rebase left to choose; with nothing left the proposal is a draft on the new base."""

    conflicts: list[ConflictTold]


class FlipTold(_Model):
    """A current lead that would be treated otherwise, and what moves it."""

    lead_id: str
    before: float
    after: float
    why: list[dict[str, JsonValue]]


class FlipsTold(_Model):
    """Current open leads that cross the hand-off threshold: the ones that move furthest."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    into: list[FlipTold] = Field(alias="in")
    out: list[FlipTold]


class WishesTold(_Model):
    """Wishes, newest first."""

    wishes: list[WishInShort]


class EvidenceTold(_Model):
    """What a wish points to."""

    lead_id: str
    handoff_id: str | None
    dispute_id: str | None


class WishTold(WishInShort):
    """A wish with what it points to."""

    text: str
    evidence: list[EvidenceTold]
    comments: list[CommentTold]


class ScopeTold(_Model):
    """The scope that counts."""

    number: int = Field(description="How many were declared; 0 when none was.")
    declared_by: str | None
    declared_at: str | None
    scope: dict[str, JsonValue]


class HandoffTold(_Model):
    """A hand-off with its clocks."""

    id: str
    lead_id: str
    score_id: str = Field(description="The score by which it was handed over.")
    edition: str
    explored: bool = Field(description="Below the threshold and handed over by lot.")
    owner: str | None
    handed_at: str
    touch_due: str
    decision_due: str
    touched_at: str | None
    decision: Literal["accepted", "returned", "recycled"] | None
    decided_at: str | None
    reason: str | None
    criterion: str | None
    note: str | None
    touch_late: bool
    decision_late: bool


class HandoffsTold(_Model):
    """Hand-offs."""

    handoffs: list[HandoffTold]


class KeptTold(_Model):
    """What became of hand-offs."""

    handed_over: int
    accepted: int
    returned_as_bad: int
    returned_otherwise: int
    never_touched: int = Field(description="Past the time; apart from what was returned.")
    touched_late: int
    decided_late: int
    hit_rate: float | None = Field(description="Accepted of those decided; null without any.")


class WeekTold(KeptTold):
    """One week of hand-offs."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    since: str = Field(alias="from")
    until: str
    by_lot: KeptTold
    hit_rate_kept: bool | None
    volume_kept: bool


class PromisesTold(_Model):
    """What both teams owed and kept."""

    owed: dict[str, JsonValue]
    weeks: list[WeekTold]


class DisputeTold(_Model):
    """A dispute, and who was closer once it is settled."""

    id: str
    lead_id: str
    score_id: str
    side: str
    says: Literal["too high", "too low"]
    criterion: str | None
    why: str
    opened_at: str
    settles_by: str | None = Field(
        description="When the horizon of the score is over; an end told earlier settles it earlier."
    )
    settled_at: str | None
    converted: bool | None
    closer: Literal["rulebook", "model", "challenger", "neither"] | None
    was_right: bool | None
    rulebook_loss: float | None
    model_loss: float | None
    challenger: str | None = Field(description="The model that waited for promotion, if one did.")
    challenger_loss: float | None


class LedgerRow(_Model):
    """What settled disputes of one side, or about one criterion, come to."""

    by: Literal["side", "criterion"]
    value: str
    settled: int
    right: int
    right_by_model: float = Field(
        description="How many had come out right had the model's likelihoods been exact."
    )
    rulebook_closer: int
    model_closer: int
    challenger_closer: int
    rulebook_loss: float
    model_loss: float
    challenger_loss: float | None = Field(description="Over those that had a challenger.")


class LedgerTold(_Model):
    """Disputes, and what all settled ones come to."""

    disputes: list[DisputeTold]
    ledger: list[LedgerRow]


class ReportTold(_Model):
    """What somebody reported; `lead_id` where it is about one lead."""

    id: str
    lead_id: str | None
    team: str
    text: str
    at: str


class SubjectTold(_Model):
    """What was reported of one account, criterion or lead."""

    about: Literal["account", "criterion", "lead"]
    subject: str
    reports: int
    newest: list[ReportTold]


class ReturnedByReason(_Model):
    """Hand-offs returned for one reason."""

    reason: str
    returned: int


class ReturnedByCriterion(_Model):
    """Hand-offs returned that dispute one criterion."""

    criterion: str
    returned: int


class DigestTold(_Model):
    """What sales reported and returned in a time."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    since: str = Field(alias="from")
    until: str
    subjects: list[SubjectTold]
    returned_by_reason: list[ReturnedByReason]
    returned_by_criterion: list[ReturnedByCriterion]


class ExplorationTold(_Model):
    """What became of the leads that were handed over by lot."""

    days: int
    handed_over: int
    known: int = Field(description="Whose end within the horizon is known.")
    converted: int
    rate: float | None = Field(description="Converted of those known.")
    low: float | None = Field(description="Wilson's 90 % interval of the rate.")
    high: float | None
    told: float | None = Field(description="The mean likelihood that their scores gave.")
    holds: bool | None = Field(description="Whether the interval holds what was told.")
