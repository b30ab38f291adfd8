"""Which work is done first: many deliveries to a server that does not answer must not hold up what is done here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from core import clock, outbox
from core.db import db, dialect, session, unit_of_work
from core.outbox import OutboxRow
from server import jobs, queue
from tests.conftest import TestTenant, make_tenant


@pytest.fixture
def done(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The kinds of the rows that were run, in their order; nothing else is due, before and after."""
    nothing_is_due()
    ran: list[str] = []

    def note(row: OutboxRow) -> None:
        ran.append(row.kind)

    for kind in ("webhook", "import_course"):
        monkeypatch.setitem(outbox._handlers, kind, note)
    monkeypatch.setattr(queue, "_application", lambda: app)
    yield ran
    nothing_is_due()


def nothing_is_due() -> None:
    session().rollback()
    with unit_of_work() as current:
        current.execute(update(OutboxRow).values(status="done"))


@pytest.fixture
def served(done: list[str], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The tenants of the webhooks that were run, in their order."""
    tenants: list[int] = []
    monkeypatch.setitem(outbox._handlers, "webhook", lambda row: tenants.append(row.tenant_id))
    return tenants


def enqueue(tenant_id: int, *kinds: str, minutes: int = 1) -> list[str]:
    """Rows that became due one after the other, the first ``minutes`` ago; their ids."""
    start = clock.now() - timedelta(minutes=minutes)
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


def test_tenants_have_their_turns(
    tenant: TestTenant, other_tenant: TestTenant, done: list[str], served: list[int]
) -> None:
    third = make_tenant()
    enqueue(tenant.id, *["webhook"] * 30, minutes=9)
    enqueue(other_tenant.id, *["webhook"] * 2)
    enqueue(third.id, "webhook")
    jobs.drain(4)
    enqueue(third.id, "webhook")
    jobs.drain(4)  # goes on where it was
    many, few, new = tenant.id, other_tenant.id, third.id
    assert served == [many, few, new, many, new, few, many, many]


def test_tenants_have_their_turns_with_redis(
    tenant: TestTenant, other_tenant: TestTenant, done: list[str], served: list[int]
) -> None:
    """The jobs of the one are all in front of the other's."""
    many = enqueue(tenant.id, *["webhook"] * 5, minutes=9)
    (one,) = enqueue(other_tenant.id, "webhook")
    for row_id in many:
        queue.run_row(tenant.id, row_id)
    queue.run_row(other_tenant.id, one)
    assert served == [other_tenant.id, *[tenant.id] * 5]


def test_what_is_due_is_found_by_an_index(app: Flask) -> None:
    """Rows that are done stay for a week."""
    if dialect() != "postgresql":
        pytest.skip("the plans of PostgreSQL")
    # Where it can, which with few rows it would not trouble to.
    session().execute(text("SET LOCAL enable_seqscan = off"))
    query = select(OutboxRow.id).where(*outbox.is_due()).order_by(OutboxRow.due)
    words = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
    plan = "\n".join(line for (line,) in session().execute(text(f"EXPLAIN {words}")))
    session().rollback()
    assert "Index Cond: (((status)::text = ANY" in plan, plan


def test_a_job_of_redis_begins_with_what_waits_behind_it(tenant: TestTenant, done: list[str]) -> None:
    ids = enqueue(tenant.id, "webhook", "import_course")
    queue.run_row(tenant.id, ids[0])
    assert done == ["import_course", "webhook"]
    queue.run_row(tenant.id, ids[1])
    assert done == ["import_course", "webhook"]
