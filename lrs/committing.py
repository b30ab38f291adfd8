"""Concurrent requests of one process share a transaction: whoever comes first writes for all who came meanwhile.

A commit waits for the disk, and a transaction has a price whatever is in it. Requests stay independent: when a shared transaction fails,
each is written again alone and only those at fault fail. Whoever has been answered is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from core.db import again_after_deadlock, unit_of_work
from lrs import attachments, store
from lrs.rows import Prepared

# Statements of one shared transaction. Requests with more are written alone: nobody should wait for them.
MOST = 1000
# Seconds a writer waits for requests that are being read and checked.
LINGER = 0.004


@dataclass(slots=True, eq=False)
class Job:
    """One request. ``ids`` or ``error`` is there once it is ``done``. Two with the same statements are still two."""

    tenant_id: int
    statements: list[Prepared]
    define: bool
    kept: list[attachments.Kept]
    ids: list[str] | None = None
    error: BaseException | None = None
    done: bool = False
    # Held until the job is done, or is the next to write for others.
    turn: threading.Lock = field(default_factory=threading.Lock)


class Committer:
    """``write`` stores jobs in one transaction, all or none, and returns the ids of each."""

    def __init__(self, write: Callable[[list[Job]], list[list[str]]]) -> None:
        self._write = write
        self._waiting: list[Job] = []
        self._busy = False
        self._lock = threading.Lock()
        self._coming = 0
        # Of the writer who waits for those on their way; released once they are here.
        self._gate: threading.Lock | None = None

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Around what leads to :meth:`store` in this thread: who writes waits a moment for those on their way."""
        with self._lock:
            self._coming += 1
        try:
            yield
        finally:
            with self._lock:
                self._coming -= 1
                self._open_gate()

    def store(self, job: Job) -> list[str]:
        """The ids once the job is durable; raises what is wrong with it."""
        if len(job.statements) > MOST:
            return self._write([job])[0]
        with self._lock:
            waits = self._busy
            self._busy = True
            if waits:
                job.turn.acquire()
                self._waiting.append(job)
                self._open_gate()
        if waits:
            job.turn.acquire()
        if not job.done:
            self._lead(job)
        if job.error is not None:
            raise job.error
        assert job.ids is not None
        return job.ids

    def _lead(self, job: Job) -> None:
        """Write ``job`` and those that wait, then let the next who came meanwhile do the same."""
        self._await_others()
        with self._lock:
            group = self._take(job)
        try:
            self._run(group)
        finally:
            for one in group:
                one.done = True
                if one is not job:
                    one.turn.release()
            with self._lock:
                following = self._waiting.pop(0) if self._waiting else None
                self._busy = following is not None
            if following is not None:
                following.turn.release()

    def _await_others(self) -> None:
        """A transaction costs more than the moment in which the others are ready."""
        with self._lock:
            if self._all_here():
                return
            self._gate = gate = threading.Lock()
            gate.acquire()
        gate.acquire(timeout=LINGER)
        with self._lock:
            self._gate = None

    def _all_here(self) -> bool:
        return self._coming <= len(self._waiting) + 1

    def _open_gate(self) -> None:
        if self._gate is not None and self._all_here():
            self._gate.release()
            self._gate = None

    def _take(self, first: Job) -> list[Job]:
        """``first`` and those waiting that fit beside it. No id is in two of them: the later one has to see the earlier one stored."""
        group, left = [first], []
        room = MOST - len(first.statements)
        seen = {(first.tenant_id, p.id) for p in first.statements}
        for job in self._waiting:
            ids = {(job.tenant_id, p.id) for p in job.statements}
            if len(ids) <= room and seen.isdisjoint(ids):
                seen |= ids
                room -= len(ids)
                group.append(job)
            else:
                left.append(job)
        self._waiting = left
        return group

    def _run(self, group: list[Job]) -> None:
        try:
            for job, ids in zip(group, self._write(group), strict=True):
                job.ids = ids
        except BaseException as error:
            if len(group) == 1:
                group[0].error = error
                return
            for job in group:
                self._run([job])


def _write(jobs: list[Job]) -> list[list[str]]:
    return again_after_deadlock(partial(_write_once, jobs))


def _write_once(jobs: list[Job]) -> list[list[str]]:
    """One unit of work; tenants in order, so that two processes never wait for each other in a circle."""
    parts = sorted({(job.tenant_id, job.define) for job in jobs})
    ids: dict[int, list[str]] = {}
    with unit_of_work():
        for tenant_id, define in parts:
            theirs = [job for job in jobs if (job.tenant_id, job.define) == (tenant_id, define)]
            for job in theirs:
                attachments.record(tenant_id, job.kept)
            stored = store.store_prepared(tenant_id, [job.statements for job in theirs], define=define)
            ids.update(zip(map(id, theirs), stored, strict=True))
    return [ids[id(job)] for job in jobs]


committer = Committer(_write)
