"""Write SQLite's write-ahead log back into the database file beside the requests.

By itself SQLite does so within the commit that finds the log full; that writer and all behind it wait for the disk as long as for
dozens of batches. What is written back stays in the log until that begins anew, so an end at any moment loses nothing.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from flask import Flask

from core import locks
from core.db import db, dialect, writer_lock

log = logging.getLogger("rekam.checkpoints")

# 32 MiB: a page that many batches write goes to the database file once for all of them.
PAGES = 8192
# Seconds between two looks at the log, while it grows and while nobody writes.
OFTEN, SELDOM = 0.1, 0.5
_LONGEST_PAUSE = 30.0


def start(app: Flask) -> Checkpointer | None:
    """Begin in this process, which serves until it ends; None where the database does this by itself. Call it after a fork."""
    with app.app_context():
        if dialect() != "sqlite":
            return None
        taken = db.engine.raw_connection()
        connection = taken.driver_connection
        taken.detach()  # from the pool
        thread = Checkpointer(connection, str(db.engine.url.database), writer_lock())
    thread.start()
    return thread


class Checkpointer(threading.Thread):
    """A daemon thread over ``connection`` (of the driver, used by nobody else) to the database at ``path``.

    ``lock`` is the file at which those who write queue (:mod:`core.locks`). Several processes may have one each.
    """

    def __init__(self, connection: Any, path: str, lock: str) -> None:
        super().__init__(name="rekam-checkpoints", daemon=True)
        self._connection, self._path, self._lock = connection, path, lock
        self._over = threading.Event()
        self._last = 0

    def end(self) -> None:
        self._over.set()
        if self.is_alive():
            self.join(5)

    def run(self) -> None:
        # Never closed: with any handle of a file POSIX ends all locks that the process has there, those of SQLite too.
        handle = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        pause = SELDOM
        while not self._over.wait(pause):
            try:
                pause = self._look(handle)
            except (OSError, self._connection.Error) as error:
                pause = min(max(pause, SELDOM) * 2, _LONGEST_PAUSE)
                log.warning("cannot write the log of the database back now: %s", error)
        self._connection.close()

    def _look(self, handle: int) -> float:
        """Write back what there is if it is much; returns the seconds until the next look."""
        length, done = self._checkpoint("NOOP")
        if length - done < PAGES:
            grows, self._last = length != self._last, length
            return OFTEN if grows else SELDOM
        length, done = self._checkpoint("PASSIVE")
        if done < 0 or length - done >= PAGES:
            return SELDOM  # another process is at it, or somebody reads what was there long ago
        # SQLite itself leaves this to whoever finds that nothing has been added since. Not every system can leave the file's times out.
        getattr(os, "fdatasync", os.fsync)(handle)
        with locks.alone(self._lock):
            # Nothing is added now: the next who writes begins the log anew.
            self._checkpoint("PASSIVE")
        return OFTEN

    def _checkpoint(self, mode: str) -> tuple[int, int]:
        """Pages in the log, and how many of them are written back; -1 while another process is at it."""
        _busy, length, done = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return length, done
