"""Work after the commit: the outbox handlers, what runs every minute, and the thread that does both without Redis.

Without ``REKAM_REDIS_URL`` each web process drains the outbox in a few threads of its own, woken after commits and by a
poll. With it, the web process only hands row ids to Redis (``server.queue``) and ``rekam worker`` does the work.
"""

from __future__ import annotations

import atexit
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

from flask import Flask, current_app
from sqlalchemy import select, text

from core import clock, credentials, locks, outbox
from core.db import db, dialect, memory, session, unit_of_work
from core.errors import Unavailable
from core.outbox import OutboxRow
from core.settings import get_settings
from course_packages import importing  # registers the handler of imports
from course_packages.models import JobStatus
from lrs import idempotency, rejections
from scorm_runtime import sweep, upgrading_many  # noqa: F401 - upgrading_many registers its handler
from server import forwarding, people, removals, storage  # noqa: F401 - removals registers its handler
from server.webhooks import deliveries, postbacks

log = logging.getLogger("rekam.jobs")

EXTENSION = "rekam_jobs"
POLL_SECONDS = 1.0
PERIOD_SECONDS = 60.0
USAGE_SECONDS = 30.0
# These wait for other people's servers, of which one that does not answer may have thousands of rows.
_ELSEWHERE = ("webhook", "postback", "event")
# Commits that come in a burst are drained together.
COALESCE_SECONDS = 0.02
# A round ends at the latest after so many: their list is part of a question to the database.
MANY_TENANTS = 1000
SLOTS = 4
# The first sweep of blobs comes some hours after the start, at another time in each process.
_next_blob_sweep = clock.now() + timedelta(hours=random.uniform(1, 5))  # noqa: S311


class Waker(Protocol):
    """Whoever gets to know that rows were committed."""

    def start(self) -> None: ...

    def wake(self, rows: list[tuple[int, str]]) -> None: ...

    def stop(self) -> None: ...


# --- handlers -----------------------------------------------------------------------------------------------------


@outbox.handler("event")
def _event(row: OutboxRow) -> None:
    deliveries.fan_out(only=(row.tenant_id, row.id))


@outbox.handler("webhook", given_up=deliveries.give_up)
def _webhook(row: OutboxRow) -> None:
    deliveries.deliver(row)


@outbox.handler("postback")
def _postback(row: OutboxRow) -> None:
    postbacks.deliver(row)


def run_import(tenant_id: int, job_id: str) -> None:
    """Do an import in this process, or wait for whoever was quicker. Opens units of work of its own."""
    session().rollback()
    query = select(OutboxRow.id).where(
        OutboxRow.tenant_id == tenant_id,
        OutboxRow.kind == importing.KIND,
        OutboxRow.payload["job"].as_string() == job_id,
    )
    row_id = session().scalar(query)
    while importing.get_job(tenant_id, job_id).status == JobStatus.RUNNING:
        row = session().get(OutboxRow, (tenant_id, row_id)) if row_id else None
        if row is None or row.status in ("done", "dead"):
            raise Unavailable(f"the import job {job_id} is stuck: {row.error if row else 'nothing works on it'}")
        session().rollback()
        for identity in outbox.claim(only=(tenant_id, row.id)):
            outbox.run(identity)
        session().rollback()
        time.sleep(0.1)


# --- draining -----------------------------------------------------------------------------------------------------


def anything_due() -> bool:
    """A cheap look without locks, so that an idle server writes nothing."""
    found = session().scalar(select(OutboxRow.id).where(*outbox.is_due()).limit(1)) is not None
    session().rollback()
    return found


def claim_own(limit: int) -> list[tuple[int, str]]:
    """Claim up to ``limit`` due rows of work that is done here."""
    query = select(OutboxRow.tenant_id, OutboxRow.id).where(*outbox.is_due(), OutboxRow.kind.not_in(_ELSEWHERE))
    rows = session().execute(query.order_by(OutboxRow.due, OutboxRow.id).limit(limit)).all()
    session().rollback()
    return [identity for row in rows for identity in outbox.claim(only=(row.tenant_id, row.id))]


class Turns:
    """Whose turn it is: one tenant's thousand deliveries to a slow server must not hold up those of the others."""

    def __init__(self) -> None:
        self._served: set[int] = set()

    def claim(self) -> list[tuple[int, str]]:
        """Claim the row that is due longest of those tenants who have had nothing in this round."""
        claimed = outbox.claim(1, last=self._served)
        for tenant_id, _ in claimed:
            if tenant_id in self._served or len(self._served) >= MANY_TENANTS:
                self._served.clear()  # the next round
            self._served.add(tenant_id)
        return claimed


def claim(limit: int) -> list[tuple[int, str]]:
    """Claim up to ``limit`` due rows, those first for which somebody waits here; the others one of each tenant in turn."""
    claimed = claim_own(limit)
    turns = memory("jobs.turns", Turns)
    while len(claimed) < limit and (another := turns.claim()):
        claimed += another
    return claimed


def drain(limit: int = 20) -> int:
    """Fan out events and run what is due, in this thread; returns how many rows were handled."""
    if not anything_due():
        return 0
    count = deliveries.fan_out()
    # One at a time: an import that comes meanwhile waits for one delivery, not for all that were claimed.
    for _ in range(limit):
        claimed = claim(1)
        if not claimed:
            break
        outbox.run(claimed[0])
        count += 1
    return count


def periodic() -> None:
    """What happens every minute, in one process at a time. Each part fails alone."""
    with _alone() as mine:
        if not mine:
            return
        for work in (
            _close_dead_sessions,
            _forget_traces,
            _sweep_outbox,
            _forget_failures,
            _forget_idempotency_keys,
            _sweep_blobs,
            _forget_rejections,
        ):
            try:
                work()
            except Exception:
                log.exception("periodic job failed", extra={"job": work.__name__.strip("_")})


def _close_dead_sessions() -> None:
    sweep.close_dead_sessions()


def _forget_traces() -> None:
    sweep.forget_traces()


def _sweep_outbox() -> None:
    outbox.sweep()


def _sweep_blobs() -> None:
    """Once a day and process; listing a large store takes its time."""
    global _next_blob_sweep
    if clock.now() < _next_blob_sweep:
        return
    _next_blob_sweep = clock.now() + timedelta(days=1)
    storage.sweep()


def _forget_rejections() -> None:
    with unit_of_work():
        rejections.sweep()


def _forget_failures() -> None:
    people.forget_failures()


def _forget_idempotency_keys() -> None:
    with unit_of_work():
        idempotency.forget()


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether this process may do the periodic work now; another one may be at it."""
    if dialect() == "postgresql":
        with db.engine.connect() as connection:
            taken = bool(connection.scalar(text("SELECT pg_try_advisory_lock(727392)")))
            connection.commit()
            try:
                yield taken
            finally:
                if taken:
                    connection.execute(text("SELECT pg_advisory_unlock(727392)"))
                    connection.commit()
        return
    path = get_settings().data_path / "periodic.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with locks.if_free(str(path)) as free:
        yield free


class Ticker:
    """Runs :func:`periodic` once in ``PERIOD_SECONDS``, the first time a random part of it after the start."""

    def __init__(self) -> None:
        self._next = clock.now() + timedelta(seconds=random.uniform(1, PERIOD_SECONDS))  # noqa: S311

    def tick(self) -> None:
        if clock.now() >= self._next:
            self._next = clock.now() + timedelta(seconds=PERIOD_SECONDS)
            periodic()


class Usage:
    """Writes now and then when which credential was used last. Each process has its own to tell."""

    def __init__(self) -> None:
        self._next = time.monotonic() + USAGE_SECONDS

    def tick(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + USAGE_SECONDS
            credentials.write_usage()


class Loop(threading.Thread):
    """A daemon thread that calls ``turn`` in an application context: after :meth:`wake` and about once a second.

    ``turn`` returns whether to come again at once. Errors are logged and slow the loop down, never end it.
    """

    def __init__(self, app: Flask, name: str, turn: Callable[[], bool]) -> None:
        super().__init__(name=name, daemon=True)
        self._app, self._turn = app, turn
        self._woken, self._over = threading.Event(), threading.Event()

    def nudge(self) -> None:
        self._woken.set()

    def end(self) -> None:
        self._over.set()
        self._woken.set()
        if self.is_alive():
            self.join(5)

    def run(self) -> None:
        failures = 0
        while not self._over.is_set():
            pause = POLL_SECONDS * random.uniform(0.8, 1.2) * min(2**failures, 30)  # noqa: S311
            if self._woken.wait(pause) and not self._over.wait(COALESCE_SECONDS):
                self._woken.clear()
            if self._over.is_set():
                return
            try:
                with self._app.app_context():
                    if self._turn():
                        self._woken.set()
                failures = 0
            except Exception as error:
                failures = min(failures + 1, 5)
                log.warning("cannot work on the outbox now: %s", error, exc_info=failures == 1)


class Drainer:
    """Drains the outbox within this process: one thread claims, a few run."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._pool = ThreadPoolExecutor(SLOTS, thread_name_prefix="rekam-job")
        self._free = threading.Semaphore(SLOTS)
        self._ticker, self._usage = Ticker(), Usage()
        self._loop = Loop(app, "rekam-outbox", self._turn)

    def start(self) -> None:
        self._loop.start()

    def wake(self, rows: list[tuple[int, str]]) -> None:
        self._loop.nudge()

    def stop(self) -> None:
        self._loop.end()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _turn(self) -> bool:
        self._ticker.tick()
        self._usage.tick()
        forwarding.look()
        if not anything_due():
            return False
        fanned = deliveries.fan_out()
        slots = 0
        while slots < SLOTS and self._free.acquire(blocking=False):
            slots += 1
        claimed: list[tuple[int, str]] = []
        try:
            if slots:
                claimed = claim(slots)
        finally:
            for _ in range(slots - len(claimed)):
                self._free.release()
        for identity in claimed:
            self._pool.submit(self._run, identity)
        return fanned > 0 or (slots > 0 and len(claimed) == slots)

    def _run(self, identity: tuple[int, str]) -> None:
        try:
            with self._app.app_context():
                outbox.run(identity)
        except Exception:
            # The lease ends by itself; the row is tried again then.
            log.exception("cannot record the outcome of a job", extra={"row": identity[1]})
        finally:
            self._free.release()
            self._loop.nudge()


# --- starting -----------------------------------------------------------------------------------------------------


def start(app: Flask) -> None:
    """Begin to work on the outbox in this process (once; threads do not survive a fork, so call it after)."""
    if EXTENSION in app.extensions and app.extensions[EXTENSION][0] == os.getpid():
        return
    settings = app.config["REKAM"]
    runner: Waker
    if settings.redis_url:
        from server import queue

        runner = queue.Enqueuer(app)
    else:
        runner = Drainer(app)
    app.extensions[EXTENSION] = (os.getpid(), runner)
    runner.start()
    atexit.register(stop, app)


def stop(app: Flask) -> None:
    """End what :func:`start` began; rows being worked on stay leased and are tried again after the lease."""
    found = app.extensions.pop(EXTENSION, None)
    if found is not None and found[0] == os.getpid():
        found[1].stop()
        try:
            with app.app_context():
                credentials.write_usage()
        except Exception as error:
            log.warning("cannot write which credentials were used: %s", error)


def _wake(rows: list[tuple[int, str]]) -> None:
    found = current_app.extensions.get(EXTENSION)
    if found is not None and found[0] == os.getpid():
        found[1].wake(rows)


def init_app(app: Flask) -> None:
    outbox.wake = _wake
