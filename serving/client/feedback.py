"""What teams say about leads and their scores."""

from __future__ import annotations

from collections.abc import Iterator

from serving.client.calling import Caller, at, once, operation
from serving.lead_answers import FeedbackGiven, FeedbackPage


class FeedbackCalls:
    """`/v1/leads/{id}/feedback`, `/v1/feedback`."""

    _caller: Caller

    @operation("feedback_give_feedback")
    def give_feedback(
        self,
        lead_id: str,
        kind: str,
        reason: str,
        *,
        line: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> FeedbackGiven:
        """Return a lead, dispute a line of its score, or report what the score cannot know.

        Args:
            kind: returned, disputed or reported.
            reason: a reason code.
            line: key of the line that it is about.
        """
        body = {"kind": kind, "reason": reason, "line": line, "note": note}
        place, headers = at("leads", lead_id, "feedback"), once(idempotency_key)
        return self._caller.ask("POST", place, FeedbackGiven, json=body, headers=headers)

    @operation("feedback_of_lead")
    def feedback_of(self, lead_id: str) -> list[FeedbackGiven]:
        """What was said about a lead, newest first."""
        return self._caller.ask("GET", at("leads", lead_id, "feedback"), FeedbackPage).feedback

    @operation("feedback_page")
    def feedback_page(
        self,
        *,
        kind: str | None = None,
        line: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> FeedbackPage:
        """A page of what was said about any lead, newest first."""
        params = {"kind": kind, "line": line, "limit": limit, "cursor": cursor}
        return self._caller.ask("GET", at("feedback"), FeedbackPage, params=params)

    def feedback(
        self, *, kind: str | None = None, line: str | None = None
    ) -> Iterator[FeedbackGiven]:
        """All of it, page by page."""
        cursor: str | None = None
        while True:
            page = self.feedback_page(kind=kind, line=line, cursor=cursor)
            yield from page.feedback
            if page.next_cursor is None:
                return
            cursor = page.next_cursor
