"""What a lead's person allows: to be scored, to teach a model.

It is a state of its own and no field: a CRM's PUT says what a lead is, and a field that it leaves
out is not known any more. A no must outlive that. It counts for the person, so for every lead that
carries the same address, also for one that comes later.
"""

from __future__ import annotations

from serving.addresses import lead_hash
from serving.privacy.copies import cut_from_copies
from serving.record import Collision, Record
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.wishes import Wish


def set_consent(record: Record, lead_id: str, wish: Wish, actor: str) -> bool:
    """Do from now on what a lead's person allows. A no to scoring is one to teaching too: to learn
    from a lead is to score it again and again.

    Its score goes with a no to scoring, and it is scored when the no is taken back. What was
    scored before stays in its history, as decisions that were made. With a no to teaching, the
    lead is cut out of the copies for training that were written before.

    Returns:
        False when there is no such lead.

    Raises:
        Collision: when another lead of the person came meanwhile.
    """
    if record.leads.find(lead_id) is None:
        return False
    ids, hashes = _one_person(record, lead_id)
    stirred = {a.account_id for i in ids for a in record.events.activities_of(i)}
    rows = record.hold(ids, stirred, hashes)
    if _one_person(record, lead_id) != (ids, hashes):
        raise Collision
    wish = Wish(wish.scoring, wish.training and wish.scoring)
    told = {"scoring": wish.scoring, "training": wish.training, "told_at": to_number(record.now)}
    for subject in [*hashes, *map(lead_hash, ids)]:
        record.wishes.write(subject, told)
    for row in rows.values():
        record.allow(row, wish)
    if any(row.scoring_allowed != wish.scoring for row in rows.values()):
        accounts = {row.account_id for row in rows.values()}
        record.rescore_accounts([*stirred, *accounts], set() if len(rows) > 1 else set(rows))
    if not wish.training:
        cut_from_copies(record.connection, ids)
    details = {"scoring": wish.scoring, "training": wish.training, "leads": len(rows)}
    AuditLog(record.connection).append(record.now, actor, "consent told", "", details)
    return True


def _one_person(record: Record, lead_id: str) -> tuple[list[str], list[str]]:
    """The leads that share an address with this one, and all their addresses."""
    ids = sorted({lead_id, *record.wishes.leads_with(record.wishes.addresses_of([lead_id]))})
    return ids, record.wishes.addresses_of(ids)
