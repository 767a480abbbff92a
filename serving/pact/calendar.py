"""Business hours: the clock by which promises run."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field as Setting
from pydantic import model_validator

from features.fields import Document

_MOST_DAYS = 3700


class Calendar(Document):
    """When people work. Days are 0 (Monday) to 6; hours are of the time zone's own clock."""

    time_zone: str = Setting(default="UTC", max_length=60)
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    first_hour: int = Setting(default=9, ge=0, le=23)
    last_hour: int = Setting(default=17, ge=1, le=24)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not self.days or not set(self.days) <= set(range(7)):
            raise ValueError("days: name one or more of 0 (Monday) to 6 (Sunday)")
        if self.first_hour >= self.last_hour:
            raise ValueError("first_hour must be before last_hour")
        try:
            ZoneInfo(self.time_zone)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"time_zone: {self.time_zone!r} is not known here") from error
        return self

    @property
    def hours_a_week(self) -> int:
        """Business hours of a week."""
        return len(set(self.days)) * (self.last_hour - self.first_hour)

    def after(self, start: np.datetime64, hours: float) -> np.datetime64:
        """The instant at which so many business hours have passed since `start` (UTC).

        Days are walked on the local clock and hours are counted in true time, so that a day on
        which the clock is moved counts for what it has.
        """
        zone = ZoneInfo(self.time_zone)
        at = start.astype("datetime64[us]").astype(datetime).replace(tzinfo=UTC)
        left = timedelta(hours=hours)
        day = at.astimezone(zone).date()
        for _ in range(_MOST_DAYS):
            if day.weekday() in self.days:
                opens = datetime.combine(day, time(self.first_hour), zone).astimezone(UTC)
                closes = self._closing(day, zone)
                begins = max(opens, at)
                if begins < closes:
                    if begins + left <= closes:
                        return np.datetime64((begins + left).replace(tzinfo=None), "us")
                    left -= closes - begins
            day += timedelta(days=1)
        raise ValueError(f"{hours} business hours do not end within ten years")

    def _closing(self, day: object, zone: ZoneInfo) -> datetime:
        assert hasattr(day, "year")
        midnight = datetime.combine(day, time(0), zone)  # type: ignore[arg-type]
        if self.last_hour == 24:
            midnight = datetime.combine(midnight.date() + timedelta(days=1), time(0), zone)
            return midnight.astimezone(UTC)
        return midnight.replace(hour=self.last_hour).astimezone(UTC)
