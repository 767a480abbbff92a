"""An OpenID provider in process: it checks what a real one checks, and can lie on demand."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

ISSUER = "https://id.example.com"
CLIENT, SECRET = "leadpact", "the provider's secret"


class FakeProvider(BaseAdapter):
    """Answers discovery, keys and tokens.

    Attributes:
        claims: of the next ID token; what is None is left out.
        about: what discovery tells, over the truth.
        broken: answer everything with this status.
        keys: published instead of the true ones.
        signs_with: another key than the published one.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.key = RSAKey.generate_key(2048, {"kid": "k1"})
        self.seconds = seconds
        self.claims: dict[str, Any] = {}
        self.about: dict[str, Any] = {}
        self.broken: int | None = None
        self.keys: Any = None
        self.signs_with: RSAKey | OctKey = self.key
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "k1"}
        self._left: dict[str, str] = {}

    def make_session(self, **options: Any) -> OAuth2Session:
        """A session whose requests come here."""
        session = OAuth2Session(**options)
        session.mount("https://", self)
        return session

    def approve(self, url: str) -> dict[str, str]:
        """A person says yes at the authorization endpoint; what they carry back."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{ISSUER}/authorize?")
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"] == "https://house.test/sign-in/provider/return"
        self._left = asked
        return {"state": asked["state"], "code": "the code"}

    def send(self, request: PreparedRequest, **_more: Any) -> Response:
        """One request of the service."""
        path = urlsplit(str(request.url)).path
        answers = {
            "/.well-known/openid-configuration": self._discovery,
            "/keys": lambda _r: self.keys or {"keys": [self.key.as_dict(private=False)]},
            "/token": self._token,
        }
        response = Response()
        response.status_code, response.url, response.request = 200, str(request.url), request
        response.headers["content-type"] = "application/json"
        content = answers[path](request)
        response._content = json.dumps(content).encode()
        response.status_code = self.broken or (400 if "error" in content else 200)
        return response

    def close(self) -> None:
        """Nothing is open."""

    def _discovery(self, _request: PreparedRequest) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        } | self.about

    def _token(self, request: PreparedRequest) -> dict[str, Any]:
        told = {k: v[0] for k, v in parse_qs(str(request.body)).items()}
        digest = hashlib.sha256(told["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers["Authorization"] != f"Basic {basic}" or told["code"] != "the code":
            return {"error": "invalid_client"}
        if challenge != self._left["code_challenge"]:
            return {"error": "invalid_grant"}
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "subject-1",
            "iat": self.seconds,
            "exp": self.seconds + 300,
            "nonce": self._left["nonce"],
            "email": "bo@example.com",
            "email_verified": True,
        } | self.claims
        claims = {k: v for k, v in claims.items() if v is not None}
        algorithm = str(self.header["alg"])
        if algorithm == "none":
            parts = (json.dumps(part).encode() for part in (self.header, claims))
            coded = (base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts)
            token = ".".join((*coded, ""))
        else:
            token = jwt.encode(self.header, claims, self.signs_with, algorithms=[algorithm])
        return {"access_token": "a", "token_type": "Bearer", "id_token": token}
