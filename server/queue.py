"""RQ: row ids of the outbox through Redis to workers on any host.

The outbox in the database stays the truth. Redis carries only ids, so losing it costs time: the sweeper of each worker
hands out again what is due, and works itself while Redis is away.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import select

from core import outbox
from core.db import db, session
from core.outbox import OutboxRow
from server import forwarding, jobs

log = logging.getLogger("rekam.queue")

QUEUE = "rekam"
# More waiting ids than this and a job "drain" says the same in one word.
MANY = 16
# A row handed to Redis is not handed out again by the same sweeper within this time.
PATIENCE_SECONDS = 15.0
SWEEP_LIMIT = 500
JOB_SECONDS = 3600
DRAIN_SECONDS = 30.0


def connect(url: str, *, blocking: bool = False) -> Redis:
    """A client that gives up quickly; ``blocking`` ones wait for jobs and therefore read longer."""
    return Redis.from_url(
        url,
        socket_connect_timeout=2,
        socket_timeout=None if blocking else 5,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
    )


def queue(connection: Redis) -> Queue:
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer, default_timeout=JOB_SECONDS)


def hand_over(to: Queue, rows: list[tuple[int, str]]) -> None:
    """Enqueue rows by their ids; :class:`RedisError` when Redis cannot be reached."""
    if len(rows) > MANY:
        _enqueue(to, drain_outbox)
        return
    for tenant_id, row_id in rows:
        _enqueue(to, run_row, tenant_id, row_id)


def _enqueue(to: Queue, function: Callable[..., None], *args: object) -> Job:
    return to.enqueue_call(function, args=args, result_ttl=0, failure_ttl=86_400, timeout=JOB_SECONDS)


class Enqueuer:
    """Hands row ids to Redis from a thread, so that a slow or absent Redis costs a request nothing."""

    def __init__(self, app: Flask) -> None:
        self._queue = queue(connect(app.config["REKAM"].redis_url))
        # Bounded: while Redis is away the sweepers of the workers know the rows from the database.
        self._rows: deque[tuple[int, str]] = deque(maxlen=10_000)
        self._usage = jobs.Usage()
        self._loop = jobs.Loop(app, "rekam-enqueue", self._turn)

    def start(self) -> None:
        self._loop.start()

    def wake(self, rows: list[tuple[int, str]]) -> None:
        self._rows.extend(rows)
        self._loop.nudge()

    def stop(self) -> None:
        self._loop.end()

    def _turn(self) -> bool:
        self._usage.tick()
        rows: list[tuple[int, str]] = []
        while self._rows:
            rows.append(self._rows.popleft())
        if not rows:
            return False
        try:
            hand_over(self._queue, rows)
        except RedisError as error:
            log.warning("Redis is away, %d jobs wait for the sweeper: %s", len(rows), error)
        return False


# --- in the worker ------------------------------------------------------------------------------------------------

_app: Flask | None = None


def _application() -> Flask:
    """The application of this worker; its database connections belong to the process that opened them."""
    global _app
    if _app is None:
        from server.app import create_app

        _app = create_app()
    pid, _ = _app.extensions.get(jobs.EXTENSION, (None, None))
    if pid != os.getpid():
        with _app.app_context():
            db.engine.dispose(close=False)
        # What a job commits may wake further jobs.
        direct = Direct(_app)
        _app.extensions[jobs.EXTENSION] = (os.getpid(), direct)
    return _app


class Direct:
    """Hands over at once: a worker can wait for Redis."""

    def __init__(self, app: Flask) -> None:
        self._queue = queue(connect(app.config["REKAM"].redis_url))

    def wake(self, rows: list[tuple[int, str]]) -> None:
        try:
            hand_over(self._queue, rows)
        except RedisError as error:
            log.warning("Redis is away, %d jobs wait for the sweeper: %s", len(rows), error)

    def stop(self) -> None:
        self._queue.connection.close()


def run_row(tenant_id: int, row_id: str) -> None:
    """RQ job: as one row of the outbox has become due, run one that is; before it one that waits behind deliveries in Redis.

    One of another tenant where there is one: the jobs of who has many would else be in front of everybody's in Redis. There are as many
    jobs as rows, so each gets its turn.
    """
    with _application().app_context():
        for identity in jobs.claim_own(1):
            outbox.run(identity)
        for identity in outbox.claim(1, last=(tenant_id,)):
            outbox.run(identity)


def drain_outbox() -> None:
    """RQ job: run what is due until nothing is, for half a minute at most."""
    until = time.monotonic() + DRAIN_SECONDS
    with _application().app_context():
        while jobs.drain() and time.monotonic() < until:
            pass


class Sweeper:
    """Finds due rows in the database and hands them to Redis; without Redis it runs them itself."""

    def __init__(self, app: Flask) -> None:
        self._queue = queue(connect(app.config["REKAM"].redis_url))
        self._given: dict[tuple[int, str], float] = {}
        self._ticker = jobs.Ticker()

    def turn(self) -> None:
        """One round, in an application context."""
        self._ticker.tick()
        forwarding.look()
        now = time.monotonic()
        self._given = {row: at for row, at in self._given.items() if now - at < PATIENCE_SECONDS}
        rows = [row for row in _due() if row not in self._given]
        if not rows:
            return
        try:
            hand_over(self._queue, rows)
            self._given.update((row, now) for row in rows)
        except RedisError as error:
            log.warning("Redis is away, the sweeper works itself: %s", error)
            jobs.drain()


def _due() -> list[tuple[int, str]]:
    query = select(OutboxRow.tenant_id, OutboxRow.id).where(*outbox.is_due()).order_by(OutboxRow.due).limit(SWEEP_LIMIT)
    rows = [(tenant_id, row_id) for tenant_id, row_id in session().execute(query)]
    session().rollback()
    return rows


def supervise(app: Flask, processes: int) -> None:
    """``rekam worker``: keep ``processes`` RQ workers running and sweep, until SIGTERM or SIGINT."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    children = [_spawn() for _ in range(processes)]
    sweeper, failures = Sweeper(app), 0
    while not over.wait(jobs.POLL_SECONDS * min(2**failures, 30)):
        children = [child if child.poll() is None else _spawn() for child in children]
        try:
            with app.app_context():
                sweeper.turn()
            failures = 0
        except Exception as error:
            failures = min(failures + 1, 5)
            log.warning("cannot sweep the outbox now: %s", error, exc_info=failures == 1)
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()


def _spawn() -> subprocess.Popen[bytes]:
    # The pipe tells the child of our end, even by SIGKILL: orphans would work on without a sweeper.
    return subprocess.Popen([sys.executable, "-m", "server.queue"], stdin=subprocess.PIPE)


def _follow_parent() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def work() -> None:
    """One RQ worker process with one queue (several would be polled, with a window in which a job is lost).

    It ends when Redis goes away in the middle of something; the supervisor starts the next one, which waits here for Redis.
    """
    app = _application()
    threading.Thread(target=_follow_parent, name="rekam-parent", daemon=True).start()
    connection = connect(app.config["REKAM"].redis_url, blocking=True)
    while True:
        try:
            connection.ping()
            break
        except RedisError as error:
            log.warning("waiting for Redis: %s", error)
            time.sleep(1)
    Worker([queue(connection)], connection=connection, serializer=JSONSerializer).work(logging_level="ERROR")


if __name__ == "__main__":
    # RQ imports the jobs by the name of this module; running as `__main__` would give it a second copy.
    from server import queue as this

    this.work()
