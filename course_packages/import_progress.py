"""How far an import is: written to its job now and then, which also keeps the worker's lease and notices a cancellation."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import IO, Protocol

from sqlalchemy import update

from core import clock
from core.db import unit_of_work
from core.outbox import OutboxRow
from course_packages.models import ImportJob, JobStatus

INTERVAL = 1.0
# A worker that dies lets go of its job after this time; one that lives renews it with each step of progress.
LEASE = timedelta(minutes=2)


class Cancelled(Exception):
    """Somebody ended the job, or deleted its course, while it was worked on."""


class Progress:
    """Each report is a unit of work of its own; ``row_id`` names the outbox row whose lease is renewed."""

    def __init__(self, tenant_id: int, job_id: str, row_id: str | None) -> None:
        self._tenant_id, self._job_id, self._row_id = tenant_id, job_id, row_id
        self._last = 0.0
        self._from, self._to, self._total, self._done = 0, 0, 0, 0
        self.message = ""

    def stage(self, message: str, start: int, end: int, total: int) -> None:
        """From here ``total`` bytes take the job from ``start`` to ``end`` percent."""
        self.message, self._from, self._to, self._total, self._done = message, start, end, total, 0
        self.report(start, message, force=True)

    def add(self, count: int) -> None:
        """So many more bytes of the stage are done."""
        self._done += count
        share = min(1.0, self._done / self._total) if self._total else 1.0
        self.report(int(self._from + (self._to - self._from) * share), self.message)

    def report(self, percent: int, message: str, *, force: bool = False) -> None:
        """:class:`Cancelled` when the job is not running any more."""
        if not force and time.monotonic() - self._last < INTERVAL:
            return
        self._last = time.monotonic()
        job = (ImportJob.tenant_id == self._tenant_id, ImportJob.id == self._job_id)
        with unit_of_work() as current:
            result = current.execute(
                update(ImportJob)
                .where(*job, ImportJob.status == JobStatus.RUNNING)
                .values(progress=percent, message=message[:500])
            )
            if self._row_id is not None:
                row = (OutboxRow.tenant_id == self._tenant_id, OutboxRow.id == self._row_id)
                current.execute(
                    update(OutboxRow).where(*row, OutboxRow.status == "running").values(due=clock.now() + LEASE)
                )
        if not getattr(result, "rowcount", 1):
            raise Cancelled(self._job_id)


class _Source(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Counted:
    """Passes reads through and tells how many bytes came."""

    def __init__(self, source: _Source, tell: Callable[[int], None]) -> None:
        self._source, self._tell = source, tell

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self._tell(len(data))
        return data


class CountedSink:
    """Passes writes through and tells how many bytes went."""

    def __init__(self, target: IO[bytes], tell: Callable[[int], None]) -> None:
        self._target, self._tell = target, tell

    def write(self, data: bytes, /) -> int:
        written = self._target.write(data)
        self._tell(written)
        return written
