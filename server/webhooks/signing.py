"""Signatures of the Standard Webhooks specification: ``v1,`` + base64(HMAC-SHA256(secret, id.timestamp.body))."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"


def new_secret() -> str:
    """256 random bits in the form receivers' libraries expect."""
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def key_of(secret: str) -> bytes:
    """The HMAC key of a secret; ValueError when it is not ``whsec_`` + base64 of 24 to 64 bytes."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("the key of a webhook secret has 24 to 64 bytes")
    return key


def headers(message_id: str, moment: datetime, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """The three headers of a message; one signature for each secret, so that receivers can change theirs in peace."""
    timestamp = str(int(moment.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }
