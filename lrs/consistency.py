"""The order of storing, and up to when a reader may trust that nothing is missing (X-Experience-API-Consistent-Through).

A position is milliseconds since 1970 shifted by 22 bits plus a number unique within them: 64 bits that last from 1970 to 2109. The bigint
of a database has a sign, without which its 63 bits would end in 2039; so what is kept and computed with is 2**63 less, negative until
then. The order is the same, and no position of either kind is one of the other. Outside (more links, ids of events, folders of exports)
it is a cursor, the number without a sign. Only this module knows how the two and moments become one another.

PostgreSQL: a writer first takes a shared advisory lock whose key says the present millisecond, then stamps. A reader takes the time, then
looks at those locks: statements of writers it does not see there are committed or will be stamped later; of the others none is older
than its lock. Unlike a bound by open transactions, a long transaction that stores no statements holds nobody back.

SQLite: writers are alone under the writer lock and stamp above the last position. A reader that finds that lock free knows that whatever
was stamped before is visible; otherwise it trusts what is visible already.

What was true stays true, so no answer tells less than one before it: the latest bound of each tenant is in a file that the processes of a
machine share. For the same reason readers need not look each time: a bound is told again for a few milliseconds, unless somebody of this
machine has stored statements since.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from core import clock, locks
from core.db import after_commit, dialect, driver_sql, memory, read, session, writer_lock
from core.shared import Shared

_SHIFT = 22
_SIGN = 1 << 63
# How many positions a millisecond has.
WIDTH = 1 << _SHIFT
# The last position that a bigint holds; its moment is in 2109.
LAST = _SIGN - 1
# Before every statement: none is of the first millisecond of 1970.
FIRST = -_SIGN
# First key of the advisory locks; any number that nothing else in the database uses.
LOCK_CLASS = 727392
_WRAP = (1 << 31) - 1
# How many statements of one transaction share a millisecond.
_PER_MILLISECOND = 1 << 12
# A bound this many milliseconds ahead of the present was told by a clock that has been set back since.
_AHEAD = 5_000
# How long a bound is told again (microseconds): so much later readers of one machine see what another one has stored.
_FRESH = 20_000


@dataclass(frozen=True)
class Stamp:
    """Positions of one transaction; ``stored`` of each statement follows from its position."""

    base: int

    def position(self, index: int) -> int:
        spill, rest = divmod(index, _PER_MILLISECOND)
        return self.base + (spill << _SHIFT) + rest


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, cut."""
    return int(moment.timestamp() * 1000 + 1e-3)


def clamp(position: int) -> int:
    """The nearest position there is."""
    return max(FIRST, min(position, LAST))


def start_of(moment: int) -> int:
    """The first position of a millisecond (since 1970)."""
    return clamp((moment << _SHIFT) - _SIGN)


def end_of(moment: int) -> int:
    """The last position of a millisecond (since 1970)."""
    return clamp((moment + 1 << _SHIFT) - 1 - _SIGN)


def moment_of(position: int) -> int:
    """Milliseconds since 1970."""
    return position + _SIGN >> _SHIFT


def cursor_of(position: int) -> int:
    """What is said of a position outside: from 0 to below 2**64."""
    return position + _SIGN


def position_of(cursor: int) -> int:
    """The nearest position there is to what was said outside."""
    return clamp(cursor - _SIGN)


def stored_time(position: int) -> datetime:
    return datetime.fromtimestamp(moment_of(position) / 1000, UTC)


def stored_text(position: int) -> str:
    """``stored`` as the statement has it: RFC 3339 with milliseconds."""
    return text_of(moment_of(position))


@lru_cache(maxsize=64)
def text_of(moment: int) -> str:
    """Milliseconds since 1970 as RFC 3339."""
    whole, rest = divmod(moment, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{rest:03d}Z"


_STAMP = (
    "SELECT pg_advisory_xact_lock_shared(%s::int, (t & %s::int)::int),"
    " floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, pg_current_xact_id()::text::bigint & 1023"
    " FROM (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS t OFFSET 0) AS present"
)
_LAST = "SELECT max(position) FROM statements WHERE tenant_id = %s"


def stamp(tenant_id: int) -> Stamp:
    """Positions for statements stored by the current transaction."""
    after_commit(lambda: _bounds().wrote(tenant_id))
    if dialect() == "postgresql":
        ((_, now, transaction),) = driver_sql(_STAMP, (LOCK_CLASS, _WRAP), planned=True)
        return Stamp(start_of(now) | transaction << 12)
    now, told = milliseconds(clock.now()), last_known(tenant_id)
    # A clock may be set back a little: nothing new belongs where readers were told that nothing will come.
    return Stamp(max(start_of(now if told > now + _AHEAD else max(now, told + 1)), _last(tenant_id) + 1))


def _last(tenant_id: int) -> int:
    """The position of the tenant's last statement, or :data:`FIRST`."""
    ((found,),) = read(_LAST, (tenant_id,))
    return FIRST if found is None else int(found)


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
    begun = _microseconds()
    known, looked, wrote = _bounds().slot(tenant_id)
    if dialect() == "sqlite":
        session().rollback()
    if wrote < looked <= begun < looked + _FRESH:
        return known
    now, found = _computed(tenant_id)
    if now <= wrote // 1000 and _over(wrote // 1000):
        # In the millisecond in which somebody has been told that a statement is stored: it is to be found.
        begun = _microseconds()
        now, found = _computed(tenant_id)
    return _bounds().keep(tenant_id, found, now, begun)


def _over(moment: int) -> bool:
    """Wait until a millisecond is over; False if that is not soon, because it was another clock's."""
    left = (moment + 1) * 1000 - _microseconds()
    if left > 1000:
        return False
    time.sleep(max(left, 0) / 1_000_000)
    return True


def _microseconds() -> int:
    return int(clock.now().timestamp() * 1_000_000)


def _computed(tenant_id: int) -> tuple[int, int]:
    """(the present, the bound), both in milliseconds."""
    if dialect() == "postgresql":
        ((now, held),) = read(_BOUND, (LOCK_CLASS,), planned=True)
        return int(now), bound(int(now), held) - 1
    free = _free_since()
    if free is not None:
        return free, free - 1
    last = _last(tenant_id)
    return milliseconds(clock.now()), moment_of(last) - 1


def bound(now: int, keys: Iterable[int]) -> int:
    """The least of ``now`` and the moments that ``keys`` of locks stand for, whose upper bits are those of a time near ``now``.

    ``now`` is when the reader began; a lock taken since then has a later moment.
    """
    ages = ((now - key) & _WRAP for key in keys)
    return now - max((age for age in ages if age <= _WRAP // 2), default=0)


def last_known(tenant_id: int) -> int:
    """A bound that is true but may be old, without asking the database."""
    return _bounds().slot(tenant_id).bound


def told_writers(tenant_id: int) -> int:
    """What an answer to a writer says: costs nothing, except where nobody has looked yet. After its transaction."""
    return last_known(tenant_id) or consistent_through(tenant_id)


class _Slot(NamedTuple):
    """The latest bound that was told (milliseconds), when somebody last looked for one, and when one who stored was done (microseconds)."""

    bound: int
    looked: int
    wrote: int


class _Bounds:
    """What the processes of this machine know of each tenant."""

    def __init__(self) -> None:
        self._shared = Shared("consistent-through.slots", columns=3)

    def slot(self, tenant_id: int) -> _Slot:
        return _Slot(*self._shared.row(tenant_id))

    def wrote(self, tenant_id: int) -> None:
        """Statements are stored: what was found before does not tell of them."""
        # They are, whatever happens here: readers may then see them a moment later.
        with suppress(OSError):
            self._shared.write(_microseconds(), tenant_id, 2)

    def keep(self, tenant_id: int, found: int, now: int, looked: int) -> int:
        """What to tell after ``found`` was found at ``now``: the latest bound of all, unless that is of another clock."""
        with self._shared.locked():
            known = self.slot(tenant_id).bound
            told = found if known > now + _AHEAD else max(known, found)
            self._shared.write(told, tenant_id, 0)
            self._shared.write(looked, tenant_id, 1)
        return told


def _bounds() -> _Bounds:
    return memory("lrs.bounds", _Bounds)


def _free_since(tries: int = 10) -> int | None:
    """A moment at which no writer was at work, in milliseconds, or None if there was none within 20 ms."""
    handle = locks.open_file(writer_lock())
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
