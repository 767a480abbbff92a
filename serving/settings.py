"""What an operator may set, and where: the environment, a file of secrets, or `leadpact.toml`.

Every setting is declared once, as a field here or in a class of the same kind; its name in the
environment is `LEADPACT_` and the field's name in capitals, in `leadpact.toml` the field's name.
The environment wins over a file of `LEADPACT_SECRETS_DIR`, and that over the workspace's
`leadpact.toml`. `leadpact settings` prints the table.
"""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "LEADPACT_"
FILE = "leadpact.toml"
"""The workspace's own file of settings; nothing in it is secret."""
SECRETS_DIR = f"{PREFIX}SECRETS_DIR"
"""Environment variable: a folder with one file a secret, as container engines mount them."""
WORKSPACE = f"{PREFIX}WORKSPACE"


class Configured(BaseSettings):
    """Settings of one kind.

    Attributes:
        workspace: the folder whose `leadpact.toml` is read.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    workspace: Path = Path()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was said in a call, the environment, secrets, the file; the first that speaks."""
        assert isinstance(init_settings, InitSettingsSource)
        folder = init_settings.init_kwargs.get("workspace") or os.environ.get(WORKSPACE) or "."
        return (
            init_settings,
            env_settings,
            SecretsSettingsSource(settings_cls, secrets_dir=os.environ.get(SECRETS_DIR)),
            TomlConfigSettingsSource(settings_cls, toml_file=Path(folder) / FILE),
        )


class Settings(Configured):
    """What a worker answers with."""

    database_url: str = Field(
        default="",
        description="The store: `postgresql://USER@HOST/NAME` or `sqlite:///FILE`. Not set: a "
        "SQLite file in the workspace, brought to this version as it is opened.",
    )
    database_password: SecretStr | None = Field(
        default=None, description="Password for `database_url`, when none stands in it."
    )
    database_connections: int = Field(
        default=15,
        ge=2,
        le=500,
        description="Most connections of one worker to the store; more requests wait.",
    )
    max_body_bytes: int = Field(
        default=8 * 1024 * 1024, ge=1024, description="A larger request body is refused."
    )
    max_leads: int = Field(default=1000, ge=1, description="Most leads in one request.")
    max_activities: int = Field(default=5000, ge=0, description="Most activities with one lead.")
    max_in_flight: int = Field(
        default=128,
        ge=1,
        le=100_000,
        description="Most requests of one worker that are being answered; more are told 503 with "
        "`Retry-After` at once, so that those taken are answered in bounded time.",
    )
    max_upload_bytes: int = Field(
        default=8 * 1024**3, ge=1024, description="A larger file for a job is refused."
    )
    job_days: int = Field(
        default=7,
        ge=1,
        le=3650,
        description="How long files of jobs that ended, and webhooks that were delivered, are "
        "kept; they hold what people are known by.",
    )
    rescore_seconds: float = Field(
        default=60,
        ge=1,
        le=86_400,
        description="Time from one sweep over scores to the next; see docs/jobs.md.",
    )
    feed_silent_hours: float = Field(
        default=24,
        gt=0,
        le=8760,
        description="When nothing has come in for so long, `feed.silent` is told to webhooks.",
    )
    webhook_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="What webhooks' signing secrets are derived from. Not set: a file of the "
        "workspace that only its owner may read; a back-up of the store alone holds no secret.",
    )
    ingest_secrets: SecretStr | None = Field(
        default=None,
        description="With what CRMs sign what they send, as `MAPPING=SECRET`, by commas; such as "
        "`hubspot=` and the app's client secret. What is not signed so is then refused; what is "
        "needs no API key.",
    )
    webhook_networks: str = Field(
        default="",
        description="Networks, by commas, that webhooks may reach although they are not public, "
        "such as `10.1.0.0/16`; there, http is allowed too.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="Least weight of a log line. From `warning` up, requests are not logged.",
    )

    @field_validator("webhook_networks")
    @classmethod
    def _known_networks(cls, told: str) -> str:
        for part in filter(None, told.split(",")):
            ip_network(part.strip())
        return told

    @field_validator("ingest_secrets")
    @classmethod
    def _known_pairs(cls, told: SecretStr | None) -> SecretStr | None:
        for part in () if told is None else told.get_secret_value().split(","):
            name, _, secret = (x.strip() for x in part.partition("="))
            if not name or not secret:
                raise ValueError("These are no pairs of a mapping and its secret.")
        return told

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, told: str) -> str:
        if told and not told.startswith(("postgresql://", "sqlite:///")):
            raise ValueError("This is no address of a store.")
        return told


class ServerSettings(Configured):
    """How the service listens and stops. `leadpact serve --host`, `--port` and `--workers` win."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    workers: int = Field(
        default=1, ge=1, le=256, description="Processes that answer; one a core is right."
    )
    drain_seconds: float = Field(
        default=0,
        ge=0,
        le=600,
        description="After SIGTERM, how long `/readyz` says no while requests are still taken, so "
        "that a load balancer looks elsewhere. 0 without one.",
    )
    stop_seconds: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="After that, how long requests in flight may take to be answered.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Addresses or networks, by commas, whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed.",
    )
