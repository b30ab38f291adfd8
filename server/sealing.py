"""Secrets that we must be able to read again (webhook keys, postback passwords), encrypted under the installation's key."""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from core.errors import Unavailable

# Names the way the rest is encrypted, so that another way can follow.
_VERSION = "1."


def _cipher() -> AESGCM:
    key = HKDF(SHA256(), 32, salt=None, info=b"rekam sealed secrets").derive(current_app.config["SECRET_KEY"].encode())
    return AESGCM(key)


def seal(secret: str, place: str) -> str:
    """``secret`` encrypted (AES-256-GCM) and bound to ``place``: text that opens nowhere else."""
    nonce = os.urandom(12)
    return _VERSION + base64.b64encode(nonce + _cipher().encrypt(nonce, secret.encode(), place.encode())).decode()


def unseal(sealed: str, place: str) -> str:
    """The secret again; :class:`Unavailable` when the installation's key is another one than it was sealed with."""
    try:
        raw = base64.b64decode(sealed.removeprefix(_VERSION))
        return _cipher().decrypt(raw[:12], raw[12:], place.encode()).decode()
    except (InvalidTag, ValueError):
        raise Unavailable(
            f"the secret of {place} cannot be read: it was stored under another REKAM_SECRET_KEY", place=place
        ) from None
