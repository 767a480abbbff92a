"""Leases: who may do a kind of work now. A process that dies loses its own by waiting."""

from __future__ import annotations

import os
import uuid

import numpy as np
from sqlalchemy import Connection, delete, select, update

from features.errors import LeadpactError
from serving.storage.base import to_number
from serving.storage.database import Database
from serving.storage.jobs_tables import leases
from serving.storage.locks import hold
from serving.storage.upsert import insert_if_new

SECONDS = 20
"""So long a lease holds unless its holder says again that it works."""


class LeaseLost(LeadpactError):
    """Another process does this work now; nothing of the batch at hand was kept."""


class Lease:
    """One process's claim to a kind of work.

    Every batch says so again in the transaction that keeps its results. Who was paused for too
    long then finds the lease gone, and its batch is undone: two never keep the same piece of work.
    """

    def __init__(self, name: str, seconds: float = SECONDS) -> None:
        self.name = name
        self.holder = f"{os.getpid()}-{uuid.uuid4().hex}"
        self._length = round(seconds * 1_000_000)

    def take(self, database: Database, now: np.datetime64) -> bool:
        """Whether the work is this process's; to be asked before it begins."""
        with database.transaction() as connection:
            return self._claim(connection, to_number(now))

    def keep(self, connection: Connection, now: np.datetime64) -> None:
        """Go on holding it, as part of a batch's transaction.

        Raises:
            LeaseLost: when another process has it.
        """
        if not self._claim(connection, to_number(now)):
            raise LeaseLost(f"Another process does this work now ({self.name}).")

    def release(self, database: Database) -> None:
        """Let others have it at once."""
        mine = (leases.c.name == self.name) & (leases.c.holder == self.holder)
        with database.transaction() as connection:
            connection.execute(delete(leases).where(mine))

    def _claim(self, connection: Connection, now: int) -> bool:
        hold(connection, [f"lease {self.name}"])
        until = now + self._length
        row = {"name": self.name, "holder": self.holder, "until": until}
        if insert_if_new(connection, leases, row, ("name",)):
            return True
        same = leases.c.name == self.name
        there = connection.execute(select(leases).where(same)).one()
        # An end too far ahead was written by a clock that was wrong: it is not waited for. Too far
        # is a whole lease: who waited to ask here read the clock before the holder said so anew.
        theirs = there.holder != self.holder and now < there.until <= until + self._length
        if theirs:
            return False
        connection.execute(update(leases).where(same).values(row))
        return True
