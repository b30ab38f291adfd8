"""Credentials verified a moment ago, so that a busy client does not cost a query a request; and when each was used last."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Generic, TypeVar

from core import clock
from core.db import memory as memory_of_process
from core.remembered import Remembered

# Seconds until a revocation reaches other machines.
TRUST = 5.0

Who = TypeVar("Who")


class Verified(Generic[Who]):
    """Memory of one process. Names are whatever stands for key and secret; never the secret itself."""

    def __init__(self) -> None:
        self._known: Remembered[tuple[str, str], tuple[Who, datetime | None]] = Remembered("credentials.changed", TRUST)
        self._used: dict[tuple[int, str], datetime] = {}
        self._lock = threading.Lock()
        self.state, self.forget = self._known.state, self._known.forget

    def find(self, name: tuple[str, str]) -> Who | None:
        who, expires = self._known.find(name) or (None, None)
        return None if expires is not None and expires <= clock.now() else who

    def keep(self, name: tuple[str, str], who: Who, state: int, expires: datetime | None) -> None:
        """``state`` is what :attr:`state` said before ``who`` was read."""
        self._known.keep(name, (who, expires), state)

    def used(self, tenant_id: int, key: str) -> None:
        self._used[tenant_id, key] = clock.now()

    def take_used(self) -> list[tuple[int, str, datetime]]:
        """(tenant, key, time) of what was used since the last call, in the order of keys."""
        with self._lock:
            taken, self._used = self._used, {}
        return sorted((tenant_id, key, when) for (tenant_id, key), when in taken.items())


def memory() -> Verified[object]:
    """That of the running application."""
    return memory_of_process("credentials.verified", Verified)
