"""Keyed hashes under the installation's secret, and the making of that secret."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from core.ids import new_secret


def secret_key(configured: str, data_path: Path) -> str:
    """The configured key, or one made at the first start and kept (mode 600) in the data folder."""
    if configured:
        return configured
    path = data_path / "secret_key"
    data_path.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(new_secret())
    return path.read_text().strip()


def keyed_hash(key: str, purpose: str, value: str) -> str:
    """HMAC-SHA256 in hex. ``purpose`` keeps hashes of different things apart. Right for secrets with 256 random bits only."""
    return hmac.digest(f"{purpose}:{key}".encode(), value.encode(), "sha256").hex()


def same(a: str, b: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(a.encode(), b.encode())
