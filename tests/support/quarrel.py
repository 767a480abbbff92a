"""Two teams that disagree, as a store remembers it: leads handed over, late, returned, contested, a
challenger, and a changed text that one team has signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import yaml

from features.rulebook.document import parse_rulebook
from models.bundle import load, save
from models.rungs import Affine
from models.scorer import Scorer
from models.workspace import Workspace
from serving.access.caller import Caller
from serving.access.permissions import permissions_of
from serving.handing_over import judge_once, run_once
from serving.incoming import outcome_rows
from serving.pact.asking import replay_proposal
from serving.pact.deciding import Decision, decide
from serving.pact.disputing import Contested, contest
from serving.pact.proposals import Pact, Wanted
from serving.pact.reporting import Reported, report
from serving.pact.seeding import begin
from serving.pact.wishing import Wished, comment, wish
from serving.record import Record
from serving.storage.database import Database
from serving.storage.handoffs import HandoffStore
from training.card_files import card_texts, write_cards

STRONG = {
    "employees": 640,
    "job_title": "Head of Operations",
    "source": "partner referral",
    "industry": "logistics",
    "budget_date_given": True,
}
"""Fields of a lead that reaches the threshold by what it is."""
HOUR, DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")


def person(person_id: str, role: str, name: str) -> Caller:
    """Somebody of the store as the use cases know who asks."""
    return Caller("person", person_id, role, permissions_of(role), name)


class Quarrel:
    """What both teams did.

    Args:
        workspace: whose champion answers.
        database: a store that holds leads.
        marketer, rep: one person of each team.
    """

    def __init__(
        self, workspace: Workspace, database: Database, marketer: Caller, rep: Caller
    ) -> None:
        self.workspace, self.database = workspace, database
        self.marketer, self.rep = marketer, rep
        self.scorer = Scorer.load(workspace.champion())

    def write(self, now: np.datetime64, use: Callable[[Record], Any]) -> Any:
        """One use case in a transaction of its own."""
        with self.database.transaction() as connection:
            return use(Record(connection, self.scorer, now))

    def begin(self, until: np.datetime64) -> None:
        """The store's first edition, and leads at the threshold that are handed over."""
        begin(self.database, self.workspace, until)
        self.hand_over(until, ["H-1", "H-2", "H-3", "H-4"])

    def hand_over(self, now: np.datetime64, ids: list[str]) -> None:
        """New leads reach the threshold, and whatever is due goes to sales."""
        for lead_id in ids:
            self.write(now, lambda r, i=lead_id: r.put_lead(i, STRONG, "Rita Mensah"))
        run_once(self.database, self.scorer, lambda: now)

    def decide(self, now: np.datetime64, lead_id: str, told: Decision) -> None:
        """Sales decides of what waits."""
        with self.database.reading() as connection:
            waiting = {r.lead_id: r.id for r in HandoffStore(connection).queue(None, 100)}
        self.write(now, lambda r: decide(r, waiting[lead_id], told, self.rep))

    def bring_back(self, now: np.datetime64, lead_id: str) -> None:
        """Sales returns a lead, and says what it sees."""
        why = "They froze all purchases."
        self.decide(now, lead_id, Decision("returned", "no_budget", "criterion:mid_size", why))
        seen = Reported("criterion", "webinar", "They come for the wine.")
        self.write(now, lambda r: report(r, seen, self.rep))

    def disagree(self, now: np.datetime64, challenger: Scorer) -> None:
        """Sales accepts a lead, both teams contest scores; one lead is lost and settles what was
        said of it, one stays open."""
        self.decide(now, "H-1", Decision("accepted"))
        high = Contested("too high", "Budget frozen in this sector.", "mid_size")
        low = Contested("too low", "They ask for a price every week.")
        for lead_id, said, who in (
            ("H-1", high, self.rep),
            ("H-1", low, self.marketer),
            ("H-3", high, self.rep),
        ):
            self.write(now, lambda r, a=lead_id, s=said, w=who: contest(r, a, s, w))
        later = now + 3 * DAY
        self.write(later, lambda r: r.happened([], [_lost("H-1", later)]))
        _, settled = run_once(self.database, self.scorer, lambda: later, challenger)
        assert settled == 2, settled
        judge_once(self.database, self.scorer, lambda: later + 7 * DAY)

    def challenge(self) -> Scorer:
        """A challenger that hopes for more, with figures and a card of its own."""
        bundle, _ = load(self.workspace.champion())
        rosy = replace(bundle.ladder, affine=Affine(0.4, 1.0))
        card = bundle.card | {"rungs_why": bundle.card["rungs_why"][:2]}
        versions = save(replace(bundle, ladder=rosy, card=card), self.workspace.bundle("half"))
        folder = self.workspace.bundle("half").rename(self.workspace.bundle(versions.model))
        write_cards(self.workspace, versions, card_texts(card, versions))
        self.workspace.set_challenger(versions.model, "2")
        return Scorer.load(folder)

    def propose(self, now: np.datetime64) -> tuple[str, str]:
        """A wish, and a text that answers it: replayed, talked about, signed by sales; the ids of
        the proposal and the wish."""
        told = Wished("Webinars", "Count webinars more: they come with questions.", "webinar")
        wish_id = self.write(now, lambda r: wish(r.connection, self.marketer, told, now))
        text = _changed(self.scorer.rulebook.text())
        why = "In a year of replies, opens told us little."
        wanted = Wanted("Opens count less", why, text, None, (wish_id,))
        proposal_id = self.write(now, lambda r: self._pact(r, self.marketer).draft(wanted))
        asked = (self.scorer.fields, now, self.marketer, proposal_id)
        replayed, sha256 = replay_proposal(self.database, *asked)
        assert replayed.told["flips_in"] > 0
        self.write(
            now, lambda r: self._pact(r, self.marketer).propose(proposal_id, replayed, sha256)
        )
        for about in (wish_id, proposal_id):
            self.write(now, lambda r, a=about: comment(r.connection, self.rep, a, "Yes.", now))
        self.write(now, lambda r: self._pact(r, self.rep).sign(proposal_id, sha256))
        return proposal_id, wish_id

    def _pact(self, record: Record, who: Caller) -> Pact:
        return Pact(record.connection, self.scorer.fields, record.now, who)


def _lost(lead_id: str, at: np.datetime64) -> Any:
    told = {"lead_id": lead_id, "event_id": f"{lead_id}-end", "at": f"{at}Z", "stage": "lost"}
    [checked] = outcome_rows([told], "", at)
    return checked.row


def _changed(text: str) -> str:
    """A text by which more leads are handed over: another threshold and points, no test cases."""
    told = yaml.safe_load(text)
    told |= {"hand_over_from": 45, "tests": []}
    for criterion in told["criteria"]:
        if criterion["id"] == "webinar":
            criterion["points"] = 14
    return parse_rulebook(yaml.safe_dump(told, sort_keys=False), "The change").text()
