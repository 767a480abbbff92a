"""What an operator may set about access: `LEADPACT_HTTPS`, `LEADPACT_OIDC_ISSUER`, ..."""

from __future__ import annotations

from pydantic import Field, SecretStr

from serving.settings import Configured


class AccessSettings(Configured):
    """Who comes in, how often, and for how long."""

    https: bool = Field(
        default=False,
        description="Callers reach the service by https (a proxy in front counts): cookies are "
        "Secure.",
    )
    requests_per_minute: int = Field(
        default=1200, ge=1, description="Of one key, or of one person, in each worker."
    )
    session_idle_minutes: int = Field(
        default=30, ge=1, le=24 * 60, description="A session ends when nothing was asked so long."
    )
    session_hours: int = Field(
        default=12, ge=1, le=24 * 30, description="A session ends after so long in any case."
    )
    key_overlap_hours: int = Field(
        default=24,
        ge=0,
        le=24 * 30,
        description="How long the old secret of a rotated key goes on working.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="Address of an OpenID provider. Not set: that sign-in is off.",
    )
    oidc_client_id: str | None = Field(default=None, description="As registered with it.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="As registered with it.")
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="How browsers reach this service, without a slash at the end; the provider "
        "sends people back there.",
    )

    @property
    def has_oidc(self) -> bool:
        """Whether people may sign in with a provider."""
        return None not in (self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret)
