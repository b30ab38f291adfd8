"""The outbox: work that must happen after a commit, as rows of the same transaction.

``enqueue`` writes a row. A drainer (the in-process thread, or RQ workers woken through Redis) claims due rows with a lease,
runs the handler of their kind and marks them done. A handler that raises is tried again by the schedule and ends
as ``dead`` with its last error; whoever waits for it is told (``given_up``). Handlers may run more than once and must bear it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Index, String, Text, and_, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Json, Model, UtcDateTime, after_commit, dialect, session, unit_of_work
from core.ids import new_id

log = logging.getLogger("rekam.outbox")

# Standard Webhooks' suggestion: seconds until the next try; then the row is dead.
SCHEDULE = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
LEASE = timedelta(seconds=60)

Handler = Callable[["OutboxRow"], None]
# Told of a row that has died, and why, in the transaction that says so.
GivenUp = Callable[["OutboxRow", str], None]
_handlers: dict[str, Handler] = {}
_leases: dict[str, timedelta] = {}
_given_up: dict[str, GivenUp] = {}
# Told after each commit that wrote rows: (tenant_id, row id) pairs due now. Set by server.jobs.
wake: Callable[[list[tuple[int, str]]], None] = lambda rows: None  # noqa: E731 - replaced by server.jobs


class OutboxRow(Model):
    """``status`` is due, running, done or dead. ``running`` past its lease counts as due."""

    __tablename__ = "outbox"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    status: Mapped[str] = mapped_column(String(8), default="due")
    due: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # `due` doubles as the end of the lease while running, so one index finds everything claimable.
    __table_args__ = (Index("ix_outbox_status_due", "status", "due"),)


class RetryAt(Exception):
    """Raised by a handler that knows when the next try makes sense (``when``), or that none does (None: dead)."""

    def __init__(self, when: datetime | None, reason: str) -> None:
        super().__init__(reason)
        self.when = when


class Continued(Exception):
    """Raised by a handler that has done a part and has more to do: due again, behind the others. Not a failure: its tries begin anew."""


def handler(kind: str, *, lease: timedelta = LEASE, given_up: GivenUp | None = None) -> Callable[[Handler], Handler]:
    """Register the handler of a kind. It runs outside a unit of work and opens its own; ``lease`` bounds one run."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        _leases[kind] = lease
        if given_up is not None:
            _given_up[kind] = given_up
        return function

    return register


def enqueue(tenant_id: int, kind: str, payload: dict[str, Any], *, due: datetime | None = None) -> OutboxRow:
    """Write a row in the current unit of work; drainers are woken after the commit."""
    now = clock.now()
    row = OutboxRow(tenant_id=tenant_id, id=new_id(), kind=kind, payload=payload, due=due or now, status="due", tries=0)
    session().add(row)
    if row.due <= now:
        identity = (tenant_id, row.id)
        after_commit(lambda: wake([identity]))
    return row


def is_due() -> tuple[ColumnElement[bool], ...]:
    """What holds for rows that can be claimed now, in the words that PostgreSQL answers from ``ix_outbox_status_due``: with OR it reads
    the whole table, in which rows that are done stay for days."""
    return OutboxRow.status.in_(("due", "running")), OutboxRow.due <= clock.now()


def claim(limit: int = 20, only: tuple[int, str] | None = None, *, last: Collection[int] = ()) -> list[tuple[int, str]]:
    """Take up to ``limit`` due rows (or just ``only``) under a lease, in their order. Opens a unit of work.

    Rows of the tenants ``last`` come behind those of all others.
    """
    now = clock.now()
    with unit_of_work() as current:
        query = select(OutboxRow).where(*is_due()).limit(limit)
        if last:
            query = query.order_by(OutboxRow.tenant_id.in_(sorted(last)))
        query = query.order_by(OutboxRow.due, OutboxRow.id)
        if only is not None:
            query = query.where(and_(OutboxRow.tenant_id == only[0], OutboxRow.id == only[1]))
        if dialect() == "postgresql":
            query = query.with_for_update(skip_locked=True)
        rows = list(current.scalars(query))
        for row in rows:
            row.status, row.tries = "running", row.tries + 1
            row.due = now + _leases.get(row.kind, LEASE)
        return [(row.tenant_id, row.id) for row in rows]


def run(identity: tuple[int, str]) -> bool:
    """Run a claimed row's handler and record the outcome; returns whether it is done."""
    row = session().get(OutboxRow, identity)
    if row is None or row.status != "running":
        return True
    kind, tries = row.kind, row.tries
    work = _handlers.get(kind)
    try:
        if work is None:
            raise LookupError(f"no handler for outbox kind {kind!r}")
        work(row)
    except Continued:
        _finish(identity, "due", clock.now(), None, tries=0)
        return False
    except RetryAt as again:
        _finish(identity, "due" if again.when else "dead", again.when, str(again))
        return False
    except Exception as error:
        log.exception("outbox row failed", extra={"row": identity[1], "kind": kind, "tries": tries})
        when = next_try(tries)
        _finish(identity, "due" if when else "dead", when, f"{type(error).__name__}: {error}")
        return False
    _finish(identity, "done", None, None)
    return True


def next_try(tries: int) -> datetime | None:
    """When a row that failed ``tries`` times is due again (up to 10 % later, so that rows spread), or None for never."""
    if tries > len(SCHEDULE):
        return None
    return clock.now() + timedelta(seconds=SCHEDULE[tries - 1] * random.uniform(1, 1.1))  # noqa: S311


def drain(limit: int = 20) -> int:
    """Claim and run what is due; returns how many rows ran."""
    claimed = claim(limit)
    for identity in claimed:
        run(identity)
    return len(claimed)


def _finish(
    identity: tuple[int, str], status: str, due: datetime | None, error: str | None, *, tries: int | None = None
) -> None:
    values: dict[str, Any] = {"status": status, "error": error}
    if due is not None:
        values["due"] = due
    if tries is not None:
        values["tries"] = tries
    if status in ("done", "dead"):
        values["finished"] = clock.now()
    with unit_of_work() as current:
        current.execute(
            update(OutboxRow).where(OutboxRow.tenant_id == identity[0], OutboxRow.id == identity[1]).values(**values)
        )
        row = current.get(OutboxRow, identity) if status == "dead" else None
        if row is not None and row.kind in _given_up:
            _given_up[row.kind](row, error or "")


def unfinished(tenant_id: int, kind: str, **payload: str) -> tuple[ColumnElement[bool], ...]:
    """What holds for rows of a kind with this payload that are not over."""
    return (
        OutboxRow.tenant_id == tenant_id,
        OutboxRow.kind == kind,
        OutboxRow.status.in_(("due", "running")),
        *(OutboxRow.payload[name].as_string() == value for name, value in payload.items()),
    )


def depth() -> tuple[int, datetime | None]:
    """How many rows wait, and when the oldest of them was due: the two gauges an operator watches."""
    waiting = OutboxRow.status.in_(("due", "running"))
    count, oldest = session().execute(select(func.count(), func.min(OutboxRow.due)).where(waiting)).one()
    return count, oldest


def given_up(since: datetime) -> dict[str, int]:
    """How many rows of each kind have died after ``since``."""
    query = select(OutboxRow.kind, func.count()).where(OutboxRow.status == "dead", OutboxRow.finished > since)
    return {kind: count for kind, count in session().execute(query.group_by(OutboxRow.kind).order_by(OutboxRow.kind))}


def sweep(keep: timedelta = timedelta(days=7)) -> int:
    """Delete rows done for longer than ``keep``; returns how many. Opens a unit of work."""
    from sqlalchemy import delete

    with unit_of_work() as current:
        result = current.execute(
            delete(OutboxRow).where(OutboxRow.status == "done", OutboxRow.due < clock.now() - keep)
        )
        return int(getattr(result, "rowcount", 0))
