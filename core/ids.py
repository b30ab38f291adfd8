"""Identifiers and secrets that we make."""

from __future__ import annotations

import os
import secrets
import time


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7) as text: unique, and in the order of creation to the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76  # version
    value = value & ~(0x3 << 62) | 0x2 << 62  # variant
    text = f"{value:032x}"  # quicker than uuid.UUID, and made for every request
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)
