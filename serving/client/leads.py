"""Leads on record: written, read, listed page by page, removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypedDict, Unpack

from pydantic import RootModel

from serving.answers import Explained, NotScored
from serving.client.calling import Caller, at, once, operation
from serving.client.scores import Fields
from serving.lead_answers import (
    LeadInShort,
    LeadPage,
    LeadTold,
    PastScore,
    ScoreHistory,
    Timeline,
    WorklistPage,
)


class Keep:
    """Leave as it is."""


KEEP: Final = Keep()
"""Given for an owner that a change does not concern."""


class Explanation(RootModel[Explained | NotScored]):
    """The answer behind a lead's score, or why there is none."""


class Wanted(TypedDict, total=False):
    """Which leads a list is of; what is left out does not matter.

    `grades`: any of these. `min_score`, `max_score`: inclusive. `disagreement`: agreed and learned
    score differ by more than the rulebook's tolerance. `changed_since`: an ISO 8601 instant.
    `grid`: the cell of fit and engagement. `channel`: of the first touch. `limit`: rows of a page.
    """

    grades: Sequence[str]
    min_score: int
    max_score: int
    stage: str
    owner: str
    account_id: str
    grid: str
    channel: str
    disagreement: Literal["agreed_high", "learned_high"]
    changed_since: str
    limit: int


class LeadCalls:
    """`/v1/leads`."""

    _caller: Caller

    @operation("leads_put")
    def put_lead(
        self,
        lead_id: str,
        lead: Fields,
        *,
        owner: str | None = None,
        version: int | None = None,
        consent_given_at: str | None = None,
        idempotency_key: str | None = None,
    ) -> LeadTold:
        """Write a lead and get its score; a field that is not given is not known.

        Args:
            version: that was read; the write is refused when the lead has changed since.
            consent_given_at: the instant at which a person who had been erased agreed anew.
            idempotency_key: under which the write is done once; else one is made up.

        Raises:
            PreconditionFailed: when the lead has changed.
        """
        body = {"lead": lead, "owner": owner, "consent_given_at": consent_given_at}
        return self._write("PUT", lead_id, body, version, idempotency_key)

    @operation("leads_patch")
    def patch_lead(
        self,
        lead_id: str,
        lead: Fields,
        *,
        owner: str | Keep | None = KEEP,
        version: int | None = None,
        consent_given_at: str | None = None,
        idempotency_key: str | None = None,
    ) -> LeadTold:
        """Change the fields that are given, and get the new score; see `put_lead`."""
        body: dict[str, Any] = {"lead": lead, "consent_given_at": consent_given_at}
        body |= {} if isinstance(owner, Keep) else {"owner": owner}
        return self._write("PATCH", lead_id, body, version, idempotency_key)

    def _write(
        self, method: str, lead_id: str, body: Any, version: int | None, key: str | None
    ) -> LeadTold:
        headers = once(key) | ({} if version is None else {"if-match": f'"{version}"'})
        return self._caller.ask(method, at("leads", lead_id), LeadTold, json=body, headers=headers)

    @operation("leads_get")
    def get_lead(self, lead_id: str) -> LeadTold:
        """A lead with its score.

        Raises:
            NotFound: when there is no such lead.
        """
        return self._caller.ask("GET", at("leads", lead_id), LeadTold)

    @operation("leads_remove")
    def remove_lead(self, lead_id: str, *, idempotency_key: str | None = None) -> None:
        """Remove a lead with all that happened to it and every score of it."""
        self._caller.send("DELETE", at("leads", lead_id), headers=once(idempotency_key))

    @operation("leads_worklist")
    def worklist(self, *, after: str = "", limit: int = 50, **asked: str) -> WorklistPage:
        """A page of the worklist.

        Args:
            after: `next` of the page before.
            asked: `view`, `q`, `grade`, `stage`, `owner`, `channel`, `grid`, `least`, `sort`.
        """
        params = asked | {"after": after, "limit": limit}
        return self._caller.ask("GET", at("worklist"), WorklistPage, params=params)

    @operation("leads_page")
    def leads_page(self, *, cursor: str | None = None, **wanted: Unpack[Wanted]) -> LeadPage:
        """A page of leads in the order they came; `leads` goes through all of them."""
        params = {"grade" if k == "grades" else k: v for k, v in wanted.items()}
        return self._caller.ask("GET", at("leads"), LeadPage, params=params | {"cursor": cursor})

    def leads(self, **wanted: Unpack[Wanted]) -> Iterator[LeadInShort]:
        """All leads that are wanted; `limit` is of a page."""
        page = self.leads_page(**wanted)
        yield from page.leads
        while page.next_cursor is not None:
            page = self.leads_page(cursor=page.next_cursor, **wanted)
            yield from page.leads

    @operation("leads_scores")
    def scores_page(
        self, lead_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> ScoreHistory:
        """A page of the scores a lead had, newest first; `scores` goes through all of them."""
        params = {"limit": limit, "cursor": cursor}
        return self._caller.ask("GET", at("leads", lead_id, "scores"), ScoreHistory, params=params)

    def scores(self, lead_id: str, *, limit: int | None = None) -> Iterator[PastScore]:
        """Every score a lead had, newest first; `limit` is of a page."""
        page = self.scores_page(lead_id, limit=limit)
        yield from page.scores
        while page.next_cursor is not None:
            page = self.scores_page(lead_id, limit=limit, cursor=page.next_cursor)
            yield from page.scores

    @operation("leads_explanation")
    def explanation(self, lead_id: str) -> Explained | NotScored:
        """Why a lead scores what it scores: the answer behind its current score."""
        return self._caller.ask("GET", at("leads", lead_id, "explanation"), Explanation).root

    @operation("leads_timeline")
    def timeline(self, lead_id: str) -> Timeline:
        """What happened to a lead, newest first."""
        return self._caller.ask("GET", at("leads", lead_id, "timeline"), Timeline)
