"""What the service notices by itself: another model, another rulebook, a feed that fell silent."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection

from models.bundle import Versions
from serving.announcing import SERVICE, Announcer
from serving.jobs.asking import SYSTEM, add_job
from serving.storage.base import from_number, to_number
from serving.storage.events import EventStore
from serving.storage.marks import move_mark

MODEL = "model"
"""The mark that says which model was told to answer last."""
_SILENT, _HEARD = "silent", "heard"


def notice_versions(connection: Connection, versions: Versions, now: np.datetime64) -> list[str]:
    """Tell that another model or rulebook decides, once for all processes, and queue the job that
    scores every lead anew; the events that were told.

    Args:
        versions: of the champion, or of the model that answers in its place.
    """
    at, announcer = to_number(now), Announcer(connection, now)
    told = []
    before = move_mark(connection, MODEL, versions.model, at)
    if before is not None:
        data = {"model": versions.model, "before": before}
        announcer.announce("model.promoted", SERVICE, data)
        told.append("model.promoted")
    before = move_mark(connection, "rulebook", versions.rulebook_sha256, at)
    if before is not None:
        data = {"rulebook": versions.rulebook, "sha256": versions.rulebook_sha256, "before": before}
        announcer.announce("rulebook.effective", SERVICE, data)
        told.append("rulebook.effective")
    if told:
        add_job(connection, "rescore", {"all": False}, SYSTEM, now)
    return told


def notice_silence(connection: Connection, after: np.timedelta64, now: np.datetime64) -> bool:
    """Tell that nothing has come in for so long, once each time; whether it was told now.

    A store into which nothing ever came is not silent: nobody has begun.
    """
    newest = EventStore(connection).newest_received(to_number(now))
    if newest is None:
        return False
    silent = now - from_number(newest) > after
    before = move_mark(connection, "feed", _SILENT if silent else _HEARD, to_number(now))
    if silent and before == _HEARD:
        data = {"last_received_at": f"{from_number(newest)}Z", "hours": _hours(after)}
        Announcer(connection, now).announce("feed.silent", SERVICE, data)
        return True
    return False


def _hours(time: np.timedelta64) -> float:
    return float(time / np.timedelta64(1, "h"))
