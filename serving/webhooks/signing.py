"""Signatures as Standard Webhooks say, with secrets that stand in no store.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: the
signature is HMAC-SHA256 over `id.timestamp.body`, in base64 after `v1,`; the secret is told as
`whsec_` and base64.

A signing secret cannot be kept as a hash, because it must be used. So none is kept: each is derived
from one key of the service and the webhook's id and generation. Who reads the store or a copy of it
learns none; who has the key learns all, so it stands in a secret file of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from features.errors import DocumentRefused
from models.workspace import Workspace
from serving.settings import Settings

KEY_FILE = "webhook.key"
_BYTES = 32


def service_key(settings: Settings) -> bytes:
    """The key that webhooks' secrets are derived from, as this service is set.

    Raises:
        DocumentRefused: when the file that holds it is damaged.
    """
    told = settings.webhook_key
    home = Workspace(settings.workspace).home
    return key_of(home, None if told is None else told.get_secret_value())


def key_of(home: Path, told: str | None) -> bytes:
    """The service's key: the setting, or a file of the workspace that is made when it is first
    needed and that nobody else on the machine may read.

    Raises:
        DocumentRefused: when the file is damaged.
    """
    if told is not None:
        return told.encode()
    path = home / KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_BYTES))
        file.flush()
        os.fsync(file.fileno())
    return _read(path)


def _read(path: Path) -> bytes:
    found = path.read_bytes().strip()
    if len(found) < 2 * _BYTES:
        raise DocumentRefused(
            f"{path} is damaged: it holds {len(found)} bytes. Bring it back from a copy; without "
            "it every webhook needs a new secret: remove the file and rotate them."
        )
    return found


def secret_of(key: bytes, webhook_id: str, generation: int) -> bytes:
    """The signing secret of a webhook, 32 bytes."""
    return hmac.new(key, f"webhook {webhook_id} {generation}".encode(), hashlib.sha256).digest()


def as_told(secret: bytes) -> str:
    """A secret as it is given to the receiver."""
    return "whsec_" + base64.b64encode(secret).decode()


def signature(secret: bytes, letter_id: str, timestamp: int, body: str) -> str:
    """One signature, `v1,...`.

    Args:
        timestamp: seconds since 1970 at which the letter is sent.
    """
    signed = f"{letter_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
