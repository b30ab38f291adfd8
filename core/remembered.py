"""What a process remembers of rows that other processes change: right at once on this machine, and soon on others."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import Generic, TypeVar

from core.shared import Shared

Name = TypeVar("Name", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Name, Value]):
    """A memory of one process, bounded by ``most`` names.

    A value is believed until any process of this machine calls :meth:`forget` (which changes the number in the file ``file`` of the
    data folder, looked at each time), and never longer than ``trust`` seconds: so long a change on another machine may go unnoticed.
    """

    def __init__(self, file: str, trust: float, most: int = 10_000) -> None:
        self._changed = Shared(file)
        self._trust, self._most = trust, most
        self._entries: dict[Name, tuple[Value, int, float]] = {}

    def state(self) -> int:
        """Changes with every :meth:`forget` on this machine. Take it before reading what :meth:`keep` will hold."""
        return self._changed.row()[0]

    def find(self, name: Name) -> Value | None:
        entry = self._entries.get(name)
        if entry is None or entry[1] != self.state() or entry[2] < time.monotonic():
            return None
        return entry[0]

    def keep(self, name: Name, value: Value, state: int) -> None:
        if len(self._entries) >= self._most:
            self._entries.clear()
        self._entries[name] = value, state, time.monotonic() + self._trust

    def forget(self) -> None:
        """Something has changed: nobody on this machine believes its memory any more."""
        self._entries.clear()
        self._changed.write(time.time_ns())
