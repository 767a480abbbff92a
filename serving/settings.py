"""What an operator may set, by environment: `LEADPACT_WORKSPACE`, `LEADPACT_MAX_BODY_BYTES`, ..."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one worker.

    Attributes:
        workspace: folder whose champion answers, and whose promotions are followed.
        database_url: of the store; PostgreSQL by `postgresql://...`.
        max_body_bytes: a larger request body is refused.
        max_leads: most leads in one request.
        max_activities: most activities with one lead.
        log_level: of the structured log on standard error.
    """

    model_config = SettingsConfigDict(env_prefix="LEADPACT_", extra="ignore", frozen=True)

    workspace: Path
    database_url: str
    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    max_leads: int = Field(default=1000, ge=1)
    max_activities: int = Field(default=5000, ge=0)
    log_level: str = "info"
