"""The event catalogue, and the recording of an event in the transaction that made it true."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core import clock, outbox
from core.db import Json, Model, UtcDateTime, session
from core.ids import new_id

# Every event type with what it means. docs/events.md is checked against this table.
CATALOGUE: dict[str, str] = {
    "registration.created": "A learner was registered for a course.",
    "registration.launched": "A launch link of a registration was opened.",
    "registration.progressed": "Progress, score or time of a registration changed.",
    "registration.completed": "A registration became complete.",
    "registration.passed": "A registration became passed.",
    "registration.failed": "A registration became failed.",
    "registration.suspended": "The learner left and can resume.",
    "registration.deleted": "A registration was deleted.",
    "course.imported": "A course version became ready.",
    "course.import_failed": "A package was rejected.",
    "course.deleted": "A course was deleted.",
    "statements.stored": "Statements were stored in the LRS (recorded while a webhook wants it).",
    "statements.voided": "A statement was voided (recorded while a webhook wants it).",
    "credential.created": "A credential was created.",
    "credential.rotated": "A credential got a new secret.",
    "credential.revoked": "A credential was revoked.",
}


# Types that come by the thousand a second: recorded only for tenants where somebody listens.
FREQUENT = frozenset({"statements.stored", "statements.voided"})
# Who may listen: (tenant_id, type) → whether events of a frequent type are wanted. Asked within the transaction that makes them true.
listeners: list[Callable[[int, str], bool]] = []
# Told of each event within its transaction: what must not outlive, or come later than, what the event says.
followers: list[Callable[[Event], None]] = []


class Event(Model):
    """An append-only fact; ``payload`` answers without a second call."""

    __tablename__ = "events"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    type: Mapped[str] = mapped_column(String(64))
    time: Mapped[datetime] = mapped_column(UtcDateTime)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)

    __table_args__ = (Index("ix_events_tenant_id_time", "tenant_id", "time"),)


def wanted(tenant_id: int, type_: str) -> bool:
    """Whether an event of this type is to be recorded; always, but for the frequent ones."""
    return type_ not in FREQUENT or any(listens(tenant_id, type_) for listens in listeners)


def emit(tenant_id: int, type_: str, payload: dict[str, Any]) -> Event:
    """Record an event and hand it to the outbox (kind ``event``), all in the current transaction."""
    if type_ not in CATALOGUE:
        raise ValueError(f"event {type_!r} is not in the catalogue")
    event = Event(tenant_id=tenant_id, id=new_id(), type=type_, time=clock.now(), payload=payload)
    session().add(event)
    outbox.enqueue(tenant_id, "event", {"event": event.id})
    for follow in followers:
        follow(event)
    return event
