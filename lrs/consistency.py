"""The order of storing, and up to when a reader may trust that nothing is missing (X-Experience-API-Consistent-Through).

A position is milliseconds since 1970 shifted by 22 bits plus a number unique within them.

PostgreSQL: a writer first takes a shared advisory lock whose key says the present millisecond, then stamps. A reader takes the time, then
looks at those locks: statements of writers it does not see there are committed or will be stamped later; of the others none is older
than its lock. Unlike a bound by open transactions, a long transaction that stores no statements holds nobody back.

SQLite: writers are alone under the writer lock and stamp above the last position. A reader that finds that lock free knows that whatever
was stamped before is visible; otherwise it trusts what is visible already.

What was true stays true, so no answer tells less than one before it: the latest bound of each tenant is in a file that the processes of a
machine share.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from core import clock
from core.db import dialect, driver_sql, memory, open_writer_lock, read, session
from core.settings import get_settings

SHIFT = 22
# First key of the advisory locks; any number that nothing else in the database uses.
LOCK_CLASS = 727392
_WRAP = (1 << 31) - 1
# How many statements of one transaction share a millisecond.
_PER_MILLISECOND = 1 << 12
# A bound this many milliseconds ahead of the present was told by a clock that has been set back since.
_AHEAD = 5_000


@dataclass(frozen=True)
class Stamp:
    """Positions of one transaction; ``stored`` of each statement follows from its position."""

    base: int

    def position(self, index: int) -> int:
        spill, rest = divmod(index, _PER_MILLISECOND)
        return self.base + (spill << SHIFT) + rest


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, cut."""
    return int(moment.timestamp() * 1000 + 1e-3)


def stored_time(position: int) -> datetime:
    return datetime.fromtimestamp((position >> SHIFT) / 1000, UTC)


def stored_text(position: int) -> str:
    """``stored`` as the statement has it: RFC 3339 with milliseconds."""
    return text_of(position >> SHIFT)


@lru_cache(maxsize=64)
def text_of(moment: int) -> str:
    """Milliseconds since 1970 as RFC 3339."""
    whole, rest = divmod(moment, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{rest:03d}Z"


_STAMP = (
    "SELECT pg_advisory_xact_lock_shared(%s, (t & %s)::int),"
    " floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, pg_current_xact_id()::text::bigint & 1023"
    " FROM (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS t OFFSET 0) AS present"
)
_LAST = "SELECT max(position) FROM statements WHERE tenant_id = %s"


def stamp(tenant_id: int) -> Stamp:
    """Positions for statements stored by the current transaction."""
    if dialect() == "postgresql":
        _, now, transaction = driver_sql(_STAMP, (LOCK_CLASS, _WRAP)).one()
        return Stamp(now << SHIFT | transaction << 12)
    last = read(_LAST, (tenant_id,))[0][0] or 0
    now, told = milliseconds(clock.now()), last_known(tenant_id)
    # A clock may be set back a little: nothing new belongs where readers were told that nothing will come.
    return Stamp(max((now if told > now + _AHEAD else max(now, told + 1)) << SHIFT, last + 1))


_BOUND = (
    "SELECT floor(extract(epoch FROM now()) * 1000)::bigint,"
    " ARRAY(SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


def consistent_through(tenant_id: int) -> int:
    """Milliseconds since 1970 up to which every statement is visible to queries that begin after this call.

    Never less than any process of this machine has told before. On SQLite it ends the session's read transaction, whose snapshot may be
    older.
    """
    # Before what follows begins to read: it may be of a moment later than that snapshot.
    known = last_known(tenant_id)
    now, found = _computed(tenant_id)
    told = found if known > now + _AHEAD else max(known, found)
    if told != known:
        _bounds().keep(tenant_id, told, now)
    return told


def _computed(tenant_id: int) -> tuple[int, int]:
    """(the present, the bound), both in milliseconds."""
    if dialect() == "postgresql":
        ((now, held),) = read(_BOUND, (LOCK_CLASS,))
        return int(now), bound(int(now), held) - 1
    free = _free_since()
    session().rollback()
    if free is not None:
        return free, free - 1
    last = read(_LAST, (tenant_id,))[0][0] or 0
    return milliseconds(clock.now()), int(last >> SHIFT) - 1


def bound(now: int, keys: Iterable[int]) -> int:
    """The least of ``now`` and the moments that ``keys`` of locks stand for, whose upper bits are those of a time near ``now``.

    ``now`` is when the reader began; a lock taken since then has a later moment.
    """
    ages = ((now - key) & _WRAP for key in keys)
    return now - max((age for age in ages if age <= _WRAP // 2), default=0)


def last_known(tenant_id: int) -> int:
    """A bound that is true but may be old, without asking the database."""
    return _bounds().read(tenant_id)


class _Bounds:
    """The latest bound of each tenant that a process of this machine has told: eight bytes a tenant in a file of the data folder."""

    _SLOT = struct.Struct("<q")

    def __init__(self) -> None:
        self._path = get_settings().data_path / "consistent-through"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open()

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __del__(self) -> None:
        os.close(self._file)

    def read(self, tenant_id: int) -> int:
        slot = os.pread(self._file, self._SLOT.size, tenant_id * self._SLOT.size)
        return int(self._SLOT.unpack(slot)[0]) if len(slot) == self._SLOT.size else 0

    def keep(self, tenant_id: int, bound: int, now: int) -> None:
        """Make ``bound`` the latest, unless a later one that is not of another clock is there."""
        if bound <= self.read(tenant_id) <= now + _AHEAD:
            return
        # A lock belongs to an opened file: threads need one each.
        handle = self._open()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not bound <= self.read(tenant_id) <= now + _AHEAD:
                os.pwrite(handle, self._SLOT.pack(bound), tenant_id * self._SLOT.size)
        finally:
            os.close(handle)


def _bounds() -> _Bounds:
    return memory("lrs.bounds", _Bounds)


def _free_since(tries: int = 10) -> int | None:
    """A moment at which no writer was at work, in milliseconds, or None if there was none within 20 ms."""
    handle = open_writer_lock()
    try:
        for _ in range(tries):
            now = milliseconds(clock.now())
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return now
            except BlockingIOError:
                time.sleep(0.002)
    finally:
        os.close(handle)
    return None
