"""What an operator may set about access: `LEADPACT_HTTPS`, `LEADPACT_OIDC_ISSUER`, ..."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class AccessSettings(BaseSettings):
    """Settings of access.

    Attributes:
        https: callers reach the service by https (a proxy in front counts): cookies are Secure.
        requests_per_minute: of one key, or of one person, in each worker process.
        session_idle_minutes: a session ends when nothing was asked for so long.
        session_hours: a session ends after so long whatever is done.
        key_overlap_hours: how long the old secret of a rotated key goes on working.
        oidc_issuer: address of an OpenID provider; None leaves that sign-in off.
        oidc_client_id, oidc_client_secret: as registered with it.
        public_url: how browsers reach this service, without a slash at the end; the provider
            sends people back there.
    """

    model_config = SettingsConfigDict(env_prefix="LEADPACT_", extra="ignore", frozen=True)

    https: bool = False
    requests_per_minute: int = Field(default=1200, ge=1)
    session_idle_minutes: int = Field(default=30, ge=1, le=24 * 60)
    session_hours: int = Field(default=12, ge=1, le=24 * 30)
    key_overlap_hours: int = Field(default=24, ge=0, le=24 * 30)
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    public_url: str = "http://127.0.0.1:8000"

    @property
    def has_oidc(self) -> bool:
        """Whether people may sign in with a provider."""
        return None not in (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret)
