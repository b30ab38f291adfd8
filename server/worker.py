"""The gunicorn worker: threads, and connections in equal parts.

All workers wait at one socket, and whoever wakes first takes every connection that has come: a handful of busy clients (a proxy's kept
connections, say) may then all be at one process while the other rests. Here each worker leaves new connections for a moment to those
who have fewer.

A body that nobody reads (of a request that is refused) and that is large ends its connection: the answer says so.

A client that sends one request after the other is answered by one thread as long as threads are to spare: the way back to the thread that
watches all connections, and from there to another one, costs as much as a small request.
"""

from __future__ import annotations

import mmap
import select
import struct
import threading
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

_SLOT = struct.Struct("<i")
_SLOTS = 256
_NOBODY = -1
# How often, and how long each time, somebody with fewer connections gets the chance to take one: he may be stuck.
_CHANCES = 10
_PAUSE = 0.0005
# How long a thread waits for the next request of its client (ms).
_LINGER = 2
# As much of a body that was left unread gunicorn reads itself to keep the connection; of more it closes it, whatever it said.
_UNREAD = 64 << 10


class Shares:
    """Connections of each worker, in memory that all processes forked after this share."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT.size)
        for age in range(_SLOTS):
            self.tell(age, _NOBODY)

    def tell(self, age: int, count: int) -> None:
        """``age`` is the worker's number, which gunicorn counts up."""
        _SLOT.pack_into(self._memory, age % _SLOTS * _SLOT.size, count)

    def forget(self, age: int) -> None:
        """The worker has ended."""
        self.tell(age, _NOBODY)

    def least(self) -> int:
        """What the worker with the fewest has."""
        counts = (count for (count,) in _SLOT.iter_unpack(self._memory[:]) if count != _NOBODY)
        return min(counts, default=0)


shares = Shares()


class Worker(ThreadWorker):  # type: ignore[misc]
    """See the module."""

    _left_to_others = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._working = 0
        self._lock = threading.Lock()

    def wait_for_and_dispatch_events(self, timeout: float) -> Any:
        shares.tell(self.age, self.nr_conns)
        return super().wait_for_and_dispatch_events(timeout)

    def accept(self, listener: Any) -> None:
        if self.nr_conns > shares.least() and self._left_to_others < _CHANCES:
            self._left_to_others += 1
            time.sleep(_PAUSE)
            return
        self._left_to_others = 0
        super().accept(listener)
        shares.tell(self.age, self.nr_conns)

    def handle(self, conn: Any) -> Any:
        with self._lock:
            self._working += 1
        try:
            answered = super().handle(conn)
            while answered is True and self._next_comes_soon(conn):
                answered = super().handle(conn)
            return answered
        finally:
            with self._lock:
                self._working -= 1

    def handle_request(self, req: Any, conn: Any) -> Any:
        if _unread(req) < _UNREAD:
            return super().handle_request(req, conn)
        said = req.should_close
        req.should_close = lambda: said() or _unread(req) >= _UNREAD
        try:
            return super().handle_request(req, conn)
        finally:
            del req.should_close  # which would keep the request, and its body, in memory until the next collection

    def _next_comes_soon(self, conn: Any) -> bool:
        # Others must not wait for a thread that waits, nor a worker that ends for a client that never pauses.
        if not self.alive or self._working >= self.cfg.threads or conn.parser.unreader.buf.getvalue():
            return False
        watched = select.poll()
        watched.register(conn.sock, select.POLLIN)
        return bool(watched.poll(_LINGER))


def _unread(req: Any) -> int:
    """Bytes of the body that are still to be read, where their number was announced."""
    return int(getattr(req.body.reader, "length", 0))
