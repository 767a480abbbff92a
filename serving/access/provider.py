"""Signing in with the organisation's own OpenID provider: the authorization code flow with PKCE.

OpenID Connect Core 1.0, section 3.1; RFC 7636 for PKCE. Whoever comes back must be a person whom
an admin has added: a provider tells who somebody is, our own table tells what they may do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from features.errors import LeadpactError
from serving.access.caller import NotKnown
from serving.access.secrets import hashed, new_secret, same
from serving.access.sessions import begin
from serving.access.settings import AccessSettings
from serving.access.words import email_problems, normal_email
from serving.storage.access import PeopleStore, VisitStore
from serving.storage.audit import AuditLog
from serving.storage.base import to_number
from serving.storage.database import Database

RETURN_PATH = "/sign-in/provider/return"
_VISIT_LASTS = np.timedelta64(10, "m")
_LEEWAY = 60
"""Seconds by which the provider's clock may differ."""
_SIGNED = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Public keys only: a provider that shares a secret, or signs nothing, is not believed."""
_LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0, section 2
_LOCAL = ("127.0.0.1", "localhost", "::1")
_GONE = NotKnown("This sign-in was begun in another browser, or too long ago. Begin again.")
_STRANGER = NotKnown("Nobody here has this account. Ask an admin to add your e-mail address.")

MakeSession = Callable[..., Any]
"""Makes an authlib `OAuth2Session`; tests hand in one that asks a provider in process."""


class ProviderFailed(LeadpactError):
    """The provider cannot be reached, or its answers cannot be believed."""


@dataclass(frozen=True)
class Identity:
    """Who somebody is, by the provider: an email only when it has checked it."""

    issuer: str
    subject: str
    email: str | None


class Provider:
    """One OpenID provider.

    Args:
        settings: with issuer, client and our own address.
        make_session: None for the real network.
    """

    def __init__(self, settings: AccessSettings, make_session: MakeSession | None = None) -> None:
        assert settings.oidc_client_secret is not None
        self._issuer = str(settings.oidc_issuer).rstrip("/")
        self._client = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._return = settings.public_url.rstrip("/") + RETURN_PATH
        self._make_session = make_session or _network_session

    def leave(self, database: Database, browser: str, now: np.datetime64) -> str:
        """Where to send a person; `browser` is the secret in its cookie.

        Raises:
            ProviderFailed: when the provider does not say where.
        """
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        with self._session() as session:
            told = self._discover(session)
            url, _ = session.create_authorization_url(
                told["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        row = {
            "state_sha256": hashed(state),
            "browser_sha256": hashed(browser),
            "nonce": nonce,
            "verifier": verifier,
            "expires_at": to_number(now + _VISIT_LASTS),
        }
        with database.transaction() as connection:
            VisitStore(connection).add(row)
        return str(url)

    def come_back(
        self, database: Database, state: str, code: str, browser: str, now: np.datetime64
    ) -> Identity:
        """Who came back.

        Raises:
            NotKnown: when nobody left with this state in this browser, or too long ago.
            ProviderFailed: when the code or the token cannot be believed.
        """
        with database.transaction() as connection:
            visit = VisitStore(connection).take(hashed(state))
        if visit is None or visit.expires_at <= to_number(now):
            raise _GONE
        if not same(hashed(browser), visit.browser_sha256):
            raise _GONE
        with self._session() as session:
            told = self._discover(session)
            token = _ask(
                lambda: session.fetch_token(
                    told["token_endpoint"], code=code, code_verifier=visit.verifier, timeout=10
                )
            )
            keys = _ask(lambda: _json(session, told["jwks_uri"]))
        claims = self._claims(token, keys, visit.nonce, now)
        subject = str(claims["sub"])
        if not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
            raise ProviderFailed("The provider's name for this person cannot be kept.")
        email = claims.get("email")
        checked = claims.get("email_verified") is True and isinstance(email, str)
        found = normal_email(str(email)) if checked else ""
        return Identity(self._issuer, subject, None if email_problems(found) else found)

    def _claims(self, token: Any, keys: Any, nonce: str, now: np.datetime64) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        seconds = to_number(now) // 1_000_000
        wanted = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client},
        }
        known = {"nonce": nonce, "client_id": self._client}
        try:
            read = jwt.decode(
                str(token.get("id_token")), KeySet.import_key_set(keys), algorithms=list(_SIGNED)
            )
            claims = CodeIDToken(read.claims, read.header, wanted, known)
            claims.validate(now=seconds, leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProviderFailed(
                f"The provider's token cannot be believed ({type(error).__name__}). Try again; if "
                "it persists, compare LEADPACT_OIDC_ISSUER and LEADPACT_OIDC_CLIENT_ID with it."
            ) from error
        return dict(claims)

    def _discover(self, session: Any) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0, section 4)."""
        place = f"{self._issuer}/.well-known/openid-configuration"
        told = _ask(lambda: _json(session, _safe(place)))
        if not isinstance(told, dict) or str(told.get("issuer", "")).rstrip("/") != self._issuer:
            raise ProviderFailed(f"{place} speaks for another issuer than {self._issuer}.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _safe(str(told.get(name)))
        return told

    def _session(self) -> Any:
        return self._make_session(
            client_id=self._client,
            client_secret=self._secret.get_secret_value(),
            scope="openid email profile",
            redirect_uri=self._return,
            code_challenge_method="S256",
        )


def sign_in_by_provider(
    database: Database, identity: Identity, old_session: str | None, now: np.datetime64
) -> str:
    """Begin a session for the person the provider named; returns its secret.

    The first time, the e-mail address that the provider has checked finds the person; from then on
    the provider's own subject does, so that an address given to somebody else opens nothing.

    Raises:
        NotKnown: when no admin has added this person, or they are disabled.
    """
    with database.transaction() as connection:
        store = PeopleStore(connection)
        person = store.by_provider(identity.issuer, identity.subject)
        if person is None and identity.email is not None:
            found = store.by_email(identity.email)
            person = found if found is not None and found.oidc_subject is None else None
        if person is None or person.disabled_at is not None:
            raise _STRANGER
        if person.oidc_subject is None:
            bound = {"oidc_issuer": identity.issuer, "oidc_subject": identity.subject}
            store.write(person.id, bound)
        secret = begin(connection, person.id, old_session, now)
        AuditLog(connection).append(now, f"person {person.id}", "signed in", "", {"by": "provider"})
    return secret


def _network_session(**options: Any) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    return OAuth2Session(**options)


def _json(session: Any, url: str) -> Any:
    answer = session.get(url, withhold_token=True, timeout=10, allow_redirects=False)
    answer.raise_for_status()
    return answer.json()


def _ask(question: Callable[[], Any]) -> Any:
    """Ask the provider; whatever goes wrong there is told as one error of ours."""
    from authlib.common.errors import AuthlibBaseError
    from requests import RequestException

    try:
        return question()
    except (RequestException, AuthlibBaseError, ValueError) as error:
        raise ProviderFailed(
            f"The sign-in provider did not answer as expected ({type(error).__name__}). Try again, "
            "or sign in with a password."
        ) from error


def _safe(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL):
        return url
    raise ProviderFailed(f"{url[:200]!r} is no https address; the provider must have one.")
