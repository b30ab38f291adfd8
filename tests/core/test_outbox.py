from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from core import clock, events, outbox
from core.db import session, unit_of_work
from core.outbox import Continued, OutboxRow, RetryAt
from tests.conftest import TestTenant

KIND = "test"


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Row ids seen by the handler of kind ``test``; payload ``{"raise": …}`` decides how it ends."""
    seen: list[str] = []

    def work(row: OutboxRow) -> None:
        seen.append(row.id)
        mode = row.payload.get("raise")
        if mode == "error":
            raise ValueError("receiver is away")
        if mode == "dead":
            raise RetryAt(None, "gone for good")
        if mode == "more":
            raise Continued
        if mode == "later":
            raise RetryAt(clock.now() + timedelta(hours=1), "not yet")

    monkeypatch.setitem(outbox._handlers, KIND, work)
    return seen


def put(tenant: TestTenant, **payload: str) -> tuple[int, str]:
    with unit_of_work():
        row = outbox.enqueue(tenant.id, KIND, payload)
        return tenant.id, row.id


def stored(identity: tuple[int, str]) -> OutboxRow:
    session().rollback()
    return session().get_one(OutboxRow, identity)


def run(identity: tuple[int, str]) -> bool:
    assert outbox.claim(only=identity) == [identity]
    return outbox.run(identity)


def test_wakes_after_the_commit_only(app: Flask, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[tuple[int, str]] = []
    monkeypatch.setattr(outbox, "wake", woken.extend)
    with unit_of_work():
        row = outbox.enqueue(tenant.id, KIND, {})
        later = outbox.enqueue(tenant.id, KIND, {}, due=clock.now() + timedelta(hours=1))
        assert woken == []
    assert woken == [(tenant.id, row.id)]
    assert later.status == "due"


def test_done(app: Flask, tenant: TestTenant, handle: list[str]) -> None:
    identity = put(tenant)
    assert run(identity)
    assert handle == [identity[1]]
    assert stored(identity).status == "done"
    assert outbox.claim(only=identity) == []


def test_failure_is_kept_and_tried_later(app: Flask, tenant: TestTenant, handle: list[str]) -> None:
    identity = put(tenant, **{"raise": "error"})
    moment = clock.now()
    with clock.frozen(moment):
        assert not run(identity)
    row = stored(identity)
    assert (row.status, row.tries, row.error) == ("due", 1, "ValueError: receiver is away")
    assert timedelta(seconds=4) < row.due - moment < timedelta(seconds=6)


def test_dead_after_the_whole_schedule(app: Flask, tenant: TestTenant, handle: list[str]) -> None:
    identity = put(tenant, **{"raise": "error"})
    for _ in range(len(outbox.SCHEDULE) + 1):
        with unit_of_work():
            session().get_one(OutboxRow, identity).due = clock.now()
        run(identity)
    row = stored(identity)
    assert (row.status, row.tries) == ("dead", len(outbox.SCHEDULE) + 1)


@pytest.mark.parametrize(("mode", "status"), [("dead", "dead"), ("later", "due")])
def test_handler_decides_when(app: Flask, tenant: TestTenant, handle: list[str], mode: str, status: str) -> None:
    identity = put(tenant, **{"raise": mode})
    assert not run(identity)
    assert stored(identity).status == status


def test_to_go_on_is_no_failure(app: Flask, tenant: TestTenant, handle: list[str]) -> None:
    identity = put(tenant, **{"raise": "more"})
    for _ in range(len(outbox.SCHEDULE) + 1):
        assert not run(identity)
        row = stored(identity)
        assert (row.status, row.tries, row.error) == ("due", 0, None)
    with unit_of_work():
        session().get_one(OutboxRow, identity).payload = {"raise": "error"}
    run(identity)
    assert (stored(identity).status, stored(identity).tries) == ("due", 1)


def test_who_waits_for_a_row_is_told_of_its_death_with_it(
    app: Flask, tenant: TestTenant, handle: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setitem(outbox._given_up, KIND, lambda row, reason: told.append((row.id, reason)))
    run(put(tenant, **{"raise": "error"}))
    assert told == []
    identity = put(tenant, **{"raise": "dead"})
    run(identity)
    assert told == [(identity[1], "gone for good")]


def test_a_lease_that_ran_out_is_claimed_again(app: Flask, tenant: TestTenant, handle: list[str]) -> None:
    identity = put(tenant)
    assert outbox.claim(only=identity) == [identity]
    assert outbox.claim(only=identity) == []
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert outbox.claim(only=identity) == [identity]


def test_concurrent_drainers_share_the_rows(app: Flask, tenant: TestTenant, handle: list[str]) -> None:
    identities = {put(tenant)[1] for _ in range(30)}

    def drain() -> None:
        with app.app_context():
            while outbox.drain(3):
                session().rollback()

    threads = [threading.Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mine = [row for row in handle if row in identities]
    assert sorted(mine) == sorted(identities)


def test_unknown_kind_is_an_error_on_the_row(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        identity = (tenant.id, outbox.enqueue(tenant.id, "nobody", {}).id)
    assert not run(identity)
    assert "no handler for outbox kind 'nobody'" in (stored(identity).error or "")


def test_sweep_deletes_old_done_rows(app: Flask, tenant: TestTenant, handle: list[str]) -> None:
    done, waiting = put(tenant), put(tenant)
    run(done)
    with clock.frozen(clock.now() + timedelta(days=8)):
        outbox.sweep()
    session().rollback()
    assert session().get(OutboxRow, done) is None
    assert session().get(OutboxRow, waiting) is not None


def test_event_and_its_row_are_one_fact(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        event = events.emit(tenant.id, "course.imported", {"courseId": "c", "job_id": "j"})
    rows = session().scalars(select(OutboxRow).where(OutboxRow.tenant_id == tenant.id, OutboxRow.kind == "event"))
    assert [row.payload for row in rows] == [{"event": event.id}]


def test_unknown_event_is_refused(app: Flask, tenant: TestTenant) -> None:
    with pytest.raises(ValueError, match="not in the catalogue"), unit_of_work():
        events.emit(tenant.id, "course.eaten", {})
