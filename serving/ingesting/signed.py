"""Whether a payload is signed, where an operator has told what its CRM signs with."""

from __future__ import annotations

import numpy as np
from pydantic import SecretStr

from features.errors import DocumentRefused
from serving.mappings.document import Mapping
from serving.mappings.signature import Sent, fault
from serving.problems import Trouble


def require_signature(
    mapping: Mapping, name: str, secrets: SecretStr | None, sent: Sent, now: np.datetime64
) -> None:
    """Take a payload of this mapping only as its CRM signed it. Where no secret is set for the
    mapping, the key of who sends alone decides.

    Args:
        secrets: the setting `ingest_secrets`.

    Raises:
        Trouble: when it is not signed, wrongly, or too long ago.
        DocumentRefused: when there is a secret, and the mapping does not say how it is used.
    """
    secret = secrets_of(secrets).get(name)
    if secret is None:
        return
    if mapping.signature is None:
        raise DocumentRefused(
            f"The setting ingest_secrets has a secret for {name}, and this mapping does not say "
            "under `signature` how its CRM signs. Write it there, or take the secret away."
        )
    why = fault(mapping.signature, secret, sent, now)
    if why:
        raise Trouble("forbidden", f"Nothing was stored. {why}")


def secrets_of(told: SecretStr | None) -> dict[str, str]:
    """Secrets by the name of the mapping, from the setting, which was checked when it was read."""
    if told is None:
        return {}
    pairs = (part.partition("=") for part in told.get_secret_value().split(","))
    return {name.strip(): secret.strip() for name, _, secret in pairs}
