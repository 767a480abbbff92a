"""The job that looks at every score that waits, or scores every lead anew."""

from __future__ import annotations

from serving.jobs.work import House, Job, Kept
from serving.record import Record
from serving.refreshing import BATCH, count_waiting, refresh, waiting
from serving.storage.leads import LeadStore


class RescoreWork:
    """A sweep with progress. What waits is told by the store itself, so its place is only whether
    all leads were marked."""

    def __init__(self, job: Job, house: House) -> None:
        self._house = house
        self._mark = bool(job.asked.get("all")) and not job.place.get("marked")
        self._ids: list[str] = []

    def total(self) -> int | None:
        """How many scores wait now."""
        house = self._house
        if self._mark:
            with house.database.reading() as connection:
                return LeadStore(connection).ages().leads
        return count_waiting(house.database, house.scorer_now(), house.clock())

    def read(self) -> bool:
        """The next scores that wait."""
        if self._mark:
            return True
        house = self._house
        self._ids = waiting(house.database, house.scorer_now(), house.clock(), BATCH)
        return bool(self._ids)

    def keep(self, record: Record) -> Kept:
        """Score anew what has moved."""
        if self._mark:
            record.leads.mark_all_stale()
            self._mark = False
            return Kept(0, 0, {"marked": True})
        counts = refresh(record, self._ids)
        return Kept(counts.looked, 0, {"marked": True})

    def close(self) -> None:
        """Nothing is held."""
