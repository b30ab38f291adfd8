"""A memory of one process for what was asked for lately, bounded by its size in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """What was not asked for longest goes first when ``most`` bytes are reached."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._entries: OrderedDict[bytes, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: bytes) -> Value | None:
        with self._lock:
            found = self._entries.get(name)
            if found is None:
                return None
            self._entries.move_to_end(name)
            return found[0]

    def put(self, name: bytes, value: Value, size: int) -> None:
        """Keep ``value``, which takes about ``size`` bytes."""
        with self._lock:
            before = self._entries.pop(name, None)
            self._size += size - (before[1] if before else 0)
            self._entries[name] = (value, size)
            while self._size > self._most:
                _, (_, gone) = self._entries.popitem(last=False)
                self._size -= gone
