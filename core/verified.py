"""Credentials verified a moment ago, so that a busy client does not cost a query a request; and when each was used last.

An entry is trusted until any credential changes on this machine (every change touches a file of the data folder, which is looked at each
time), and never longer than ``TRUST``: so long a revocation may take to reach other machines.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from flask import current_app

from core import clock
from core.marker import Marker

TRUST = 5.0
MOST = 10_000

Who = TypeVar("Who")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Who]):
    who: Who
    state: int
    until: float
    expires: datetime | None


class Verified(Generic[Who]):
    """Memory of one process. Names are whatever stands for key and secret; never the secret itself."""

    def __init__(self, marker: Marker) -> None:
        self._marker = marker
        self._entries: dict[tuple[str, str], _Entry[Who]] = {}
        self._used: dict[tuple[int, str], datetime] = {}
        self._lock = threading.Lock()

    def state(self) -> int:
        """Changes whenever a credential has changed on this machine. Take it before reading what :meth:`keep` will hold."""
        return self._marker.state()

    def find(self, name: tuple[str, str]) -> Who | None:
        entry = self._entries.get(name)
        if entry is None or entry.state != self.state() or entry.until < time.monotonic():
            return None
        return None if entry.expires is not None and entry.expires <= clock.now() else entry.who

    def keep(self, name: tuple[str, str], who: Who, state: int, expires: datetime | None) -> None:
        if len(self._entries) >= MOST:
            self._entries.clear()
        self._entries[name] = _Entry(who, state, time.monotonic() + TRUST, expires)

    def forget(self) -> None:
        """A credential has changed: nobody on this machine trusts its memory any more."""
        self._entries.clear()
        self._marker.touch()

    def used(self, tenant_id: int, key: str) -> None:
        self._used[tenant_id, key] = clock.now()

    def take_used(self) -> list[tuple[int, str, datetime]]:
        """(tenant, key, time) of what was used since the last call, in the order of keys."""
        with self._lock:
            taken, self._used = self._used, {}
        return sorted((tenant_id, key, when) for (tenant_id, key), when in taken.items())


def memory() -> Verified[object]:
    """That of the running application."""
    found = current_app.extensions.get("rekam_verified")
    if found is None:
        found = current_app.extensions["rekam_verified"] = Verified(Marker("credentials.changed"))
    return found
