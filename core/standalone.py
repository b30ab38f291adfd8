"""Connections on which each statement is a transaction of its own, kept at hand: to fetch one from the pool and to bring it back costs
as much of the processor's time as a small SELECT."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event


class Standalone:
    """Of one engine, beside its pool: those in use and those kept (``most`` at a time) count as taken from that.

    ``lives(driver connection)`` is asked of one that has been idle for ``ping_after()`` seconds.
    """

    def __init__(
        self, engine: Engine, most: int, ping_after: Callable[[], float], lives: Callable[[Any], bool]
    ) -> None:
        self._engine, self._most = engine, most
        self._ping_after, self._lives = ping_after, lives
        # Never in a transaction by itself: see core.db.
        self._sqlite = engine.dialect.name == "sqlite"
        self._idle: deque[tuple[Any, float]] = deque()
        self._process = os.getpid()
        event.listen(engine, "engine_disposed", self._forget)

    def take(self) -> Any:
        """A connection as :meth:`sqlalchemy.Engine.raw_connection` gives it; to be given back."""
        while self._idle:
            try:
                connection, since = self._idle.pop()  # the one used last, whose plans are at hand
            except IndexError:
                break
            if time.monotonic() - since < self._ping_after() or self._lives(connection.driver_connection):
                return connection
            connection.invalidate()
        return self._fresh()

    def _fresh(self) -> Any:
        connection: Any = self._engine.raw_connection()
        if not self._sqlite:
            connection.driver_connection.autocommit = True
        return connection

    def give(self, connection: Any) -> None:
        if connection.is_valid and len(self._idle) < self._most:
            self._idle.append((connection, time.monotonic()))
            return
        if connection.is_valid and not self._sqlite:
            connection.driver_connection.autocommit = False
        connection.close()

    def _forget(self, _: Engine) -> None:
        """The engine has let go of its connections, because they died or are another process's."""
        idle, self._idle = self._idle, deque()
        if self._process != os.getpid():
            self._process = os.getpid()
            return
        for connection, _since in idle:
            connection.invalidate()
