"""Deliveries of webhooks: whatever a receiver answers is noted, and what is given up can be seen and replayed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core import clock, events, outbox
from core.db import session, unit_of_work
from core.outbox import OutboxRow
from core.settings import Settings
from server import doctor, outbound
from server.outbound import Answer
from server.webhooks import deliveries, subscriptions
from server.webhooks.models import Attempt, Delivery
from tests.conftest import TestTenant


@pytest.fixture
def delivery(app: Flask, tenant: TestTenant) -> Iterator[tuple[int, str]]:
    """One that waits, with its row of the outbox; nothing of it is tried by later tests."""
    with unit_of_work():
        webhook = subscriptions.create(tenant.id, "https://hooks.example.com/", events=["course.*"])[0].id
        events.emit(tenant.id, "course.imported", {"courseId": "c", "job_id": "j"})
    while deliveries.fan_out():
        pass
    session().rollback()
    (found,) = session().scalars(select(Delivery).where(Delivery.tenant_id == tenant.id))
    yield tenant.id, found.id
    with unit_of_work():
        session().delete(subscriptions.get(tenant.id, webhook))


def run(identity: tuple[int, str]) -> Delivery:
    """Its row is run once; the delivery as it then is."""
    session().rollback()
    query = select(OutboxRow.id).where(*outbox.unfinished(identity[0], "webhook", delivery=identity[1]))
    for claimed in outbox.claim(only=(identity[0], session().scalars(query).one())):
        outbox.run(claimed)
    session().rollback()
    return session().get_one(Delivery, identity)


@pytest.mark.parametrize("header", ["²", "٣", "-1", "1e9", "soon", "120", "9" * 400])
def test_whatever_retry_after_says_the_attempt_is_noted(
    delivery: tuple[int, str], monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setattr(outbound, "request", lambda *_, **__: Answer(503, {"Retry-After": header}, b"", 0.1))
    found = run(delivery)
    assert (found.status, found.last_status, found.tries) == ("waiting", 503, 1)
    assert session().scalars(select(Attempt.status).where(Attempt.delivery_id == delivery[1])).all() == [503]
    assert found.next_try is not None
    waits = (found.next_try - clock.now()).total_seconds()
    assert (waits > 100) == (header in ("120", "9" * 400))


def test_what_dies_of_the_unexpected_is_given_up_and_can_be_replayed(
    delivery: tuple[int, str], tenant: TestTenant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("nobody expected this")

    monkeypatch.setattr(outbound, "request", broken)
    with unit_of_work() as current:
        for row in current.scalars(select(OutboxRow).where(OutboxRow.tenant_id == tenant.id)):
            row.tries = len(outbox.SCHEDULE)
    found = run(delivery)
    assert (found.status, found.last_error) == ("dead", "ValueError: nobody expected this")
    checks = [check for check in doctor.examine(settings) if check.name == "outbox" and check.state == "warning"]
    assert any("given up within a week" in check.message and "webhook: " in check.message for check in checks)
    monkeypatch.setattr(outbound, "request", lambda *_, **__: Answer(200, {}, b"", 0.1))
    with unit_of_work():
        assert deliveries.replay_dead(tenant.id, found.webhook_id) == 1
    assert run(delivery).status == "delivered"
