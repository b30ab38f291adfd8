"""The order of storing, and up to when a reader may trust that nothing is missing (X-Experience-API-Consistent-Through).

A position is milliseconds since 1970 shifted by 22 bits plus a number unique within them.

PostgreSQL: a writer first takes a shared advisory lock whose key says the present millisecond, then stamps. A reader takes the time, then
looks at those locks: statements of writers it does not see there are committed or will be stamped later; of the others none is older
than its lock. Unlike a bound by open transactions, a long transaction that stores no statements holds nobody back.

SQLite: writers are alone under the writer lock and stamp above the last position. A reader that finds that lock free knows that whatever
was stamped before is visible; otherwise it trusts what is visible already.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import text

from core import clock
from core.db import db, dialect, driver_sql, memory, session

SHIFT = 22
# First key of the advisory locks; any number that nothing else in the database uses.
LOCK_CLASS = 727392
_WRAP = (1 << 31) - 1
# How many statements of one transaction share a millisecond.
_PER_MILLISECOND = 1 << 12


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
_LAST = text("SELECT max(position) FROM statements WHERE tenant_id = :tenant_id")


def stamp(tenant_id: int) -> Stamp:
    """Positions for statements stored by the current transaction."""
    if dialect() == "postgresql":
        _, now, transaction = driver_sql(_STAMP, (LOCK_CLASS, _WRAP)).one()
        return Stamp(now << SHIFT | transaction << 12)
    last = session().execute(_LAST, {"tenant_id": tenant_id}).scalar() or 0
    return Stamp(max(milliseconds(clock.now()) << SHIFT, last + 1))


_BOUND = text(
    "SELECT floor(extract(epoch FROM now()) * 1000)::bigint,"
    " ARRAY(SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = :klass AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


def consistent_through(tenant_id: int) -> int:
    """Milliseconds since 1970 up to which every statement is visible to queries that begin after this call.

    On SQLite it ends the session's read transaction, whose snapshot may be older.
    """
    if dialect() == "postgresql":
        now, held = session().execute(_BOUND, {"klass": LOCK_CLASS}).one()
        return _remember(tenant_id, bound(int(now), held) - 1)
    free = _free_since()
    session().rollback()
    if free is not None:
        return _remember(tenant_id, free - 1)
    last = session().execute(_LAST, {"tenant_id": tenant_id}).scalar() or 0
    return _remember(tenant_id, int(last >> SHIFT) - 1)


def bound(now: int, keys: Iterable[int]) -> int:
    """The least of ``now`` and the moments that ``keys`` of locks stand for, whose upper bits are those of a time near ``now``.

    ``now`` is when the reader began; a lock taken since then has a later moment.
    """
    ages = ((now - key) & _WRAP for key in keys)
    return now - max((age for age in ages if age <= _WRAP // 2), default=0)


def _bounds() -> dict[int, int]:
    """What was true stays true: the latest bound of each tenant that this process computed."""
    return memory("lrs.bounds", dict)


def _remember(tenant_id: int, bound: int) -> int:
    known = _bounds()
    if len(known) > 10_000:
        known.clear()
    known[tenant_id] = max(bound, known.get(tenant_id, 0))
    return known[tenant_id]


def last_known(tenant_id: int) -> int:
    """A bound that is true but may be old, without asking the database."""
    return _bounds().get(tenant_id, 0)


def _free_since(tries: int = 10) -> int | None:
    """A moment at which no writer was at work, in milliseconds, or None if there was none within 20 ms."""
    handle = os.open(f"{db.engine.url.database}.writer", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
