"""Which work is done first: many deliveries to a server that does not answer must not hold up what is done here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete

from core import clock, outbox
from core.db import session, unit_of_work
from core.outbox import OutboxRow
from server import jobs, queue
from tests.conftest import TestTenant


@pytest.fixture
def done(app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The kinds of the rows that were run, in their order; nothing else is due, and nothing is left for later tests."""
    jobs.drain(1000)
    ran: list[str] = []

    def note(row: OutboxRow) -> None:
        ran.append(row.kind)

    for kind in ("webhook", "import_course"):
        monkeypatch.setitem(outbox._handlers, kind, note)
    monkeypatch.setattr(queue, "_application", lambda: app)
    yield ran
    with unit_of_work() as current:
        current.execute(delete(OutboxRow).where(OutboxRow.tenant_id == tenant.id))


def enqueue(tenant_id: int, *kinds: str) -> list[str]:
    """Rows that became due one after the other; their ids."""
    start = clock.now() - timedelta(minutes=1)
    with unit_of_work():
        rows = [
            outbox.enqueue(tenant_id, kind, {}, due=start + timedelta(seconds=number))
            for number, kind in enumerate(kinds)
        ]
        return [row.id for row in rows]


def test_imports_go_before_deliveries(tenant: TestTenant, done: list[str]) -> None:
    enqueue(tenant.id, *["webhook"] * 30, "import_course")
    assert jobs.drain(3) == 3
    assert done == ["import_course", "webhook", "webhook"]


def test_an_import_that_comes_meanwhile_waits_for_one_delivery(
    tenant: TestTenant, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    note: Callable[[OutboxRow], None] = outbox._handlers["webhook"]

    def slow(row: OutboxRow) -> None:
        note(row)
        session().rollback()
        if done == ["webhook"]:
            enqueue(tenant.id, "import_course")

    monkeypatch.setitem(outbox._handlers, "webhook", slow)
    enqueue(tenant.id, *["webhook"] * 30)
    jobs.drain(3)
    assert done == ["webhook", "import_course", "webhook"]


def test_a_job_of_redis_begins_with_what_waits_behind_it(tenant: TestTenant, done: list[str]) -> None:
    ids = enqueue(tenant.id, "webhook", "import_course")
    queue.run_row(tenant.id, ids[0])
    assert done == ["import_course", "webhook"]
    queue.run_row(tenant.id, ids[1])
    assert done == ["import_course", "webhook"]
