"""What webhooks are told of hand-offs: ids, codes and instants, never what anybody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.announcing import Announcer
from serving.reading import instant_text


def tell_made(announcer: Announcer, handoff: Mapping[str, Any]) -> None:
    """Announce that a lead was handed over."""
    told = {k: handoff[k] for k in ("score_id", "edition", "explored")}
    due = {k: instant_text(handoff[k]) for k in ("touch_due", "decision_due")}
    _announce(announcer, "handoff.made", handoff, told | due)


def tell_decided(announcer: Announcer, handoff: Mapping[str, Any]) -> None:
    """Announce what was decided of a hand-off, and the reason of a return; its note is for those
    who may read the lead."""
    told = {"decided_at": instant_text(handoff["decided_at"])}
    if handoff["decision"] == "returned":
        told |= {k: handoff[k] for k in ("reason", "criterion")}
    _announce(announcer, f"handoff.{handoff['decision']}", handoff, told)


def tell_late(announcer: Announcer, handoff: Mapping[str, Any], owed: str) -> None:
    """Announce that sales owed something (`touch` or `decision`) by now, and gave none."""
    told = {"owed": owed, "due_at": instant_text(handoff[f"{owed}_due"])}
    _announce(announcer, "handoff.late", handoff, told)


def _announce(
    announcer: Announcer, event: str, handoff: Mapping[str, Any], more: Mapping[str, Any]
) -> None:
    about = {
        "lead_id": handoff["lead_id"],
        "handoff_id": handoff["id"],
        "owner": handoff["owner"],
        "handed_at": instant_text(handoff["handed_at"]),
    }
    announcer.announce(event, str(handoff["lead_id"]), {**about, **more})
