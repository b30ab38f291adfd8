"""Tables of webhooks: who wants which events, what was sent, and what was answered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Float, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Json, Model, UtcDateTime
from server import cleansing


class DeliveryStatus(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    # Given up; can be replayed.
    DEAD = "dead"
    # The webhook was disabled before it got through; can be replayed.
    CANCELLED = "cancelled"


class Webhook(Model):
    """A subscription. ``events`` holds types of ``core.events.CATALOGUE`` or groups like ``registration.*``; empty: all.

    ``secrets`` are ``{"sealed": text, "until": RFC 3339 text or null}``, newest first; several while rotating.
    """

    __tablename__ = "webhooks"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(String(255), default="")
    events: Mapped[list[str]] = mapped_column(Json, default=list)
    secrets: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class Delivery(Model):
    """One event for one webhook. ``tries`` counts since the last replay; ``next_try`` is set while waiting."""

    __tablename__ = "webhook_deliveries"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(String(36))
    event_id: Mapped[str] = mapped_column(String(36))
    event_type: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(9), default=DeliveryStatus.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    next_try: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "webhook_id"], ["webhooks.tenant_id", "webhooks.id"], ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "webhook_id", "event_id"),
        Index("ix_webhook_deliveries_tenant_id_webhook_id_id", "tenant_id", "webhook_id", "id"),
    )


class Attempt(Model):
    """One request of a delivery. ``status`` is None when no answer came; ``error`` then says why."""

    __tablename__ = "webhook_attempts"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    status: Mapped[int | None]
    seconds: Mapped[float] = mapped_column(Float)
    answer: Mapped[str] = mapped_column(Text, default="")
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "delivery_id"], ["webhook_deliveries.tenant_id", "webhook_deliveries.id"], ondelete="CASCADE"
        ),
    )


cleansing.speaks(Attempt, "answer")


class Postback(Model):
    """Where the state of one thing is posted in the REST dialect; ``subject`` is ``registration:id`` or ``import:job id``.

    ``auth_type`` is UNDEFINED, FORM or HTTPBASIC; ``results_format`` COURSE, ACTIVITY or FULL.
    """

    __tablename__ = "postbacks"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(300), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    auth_type: Mapped[str] = mapped_column(String(9), default="UNDEFINED")
    user_name: Mapped[str | None] = mapped_column(String(255))
    sealed_password: Mapped[str | None] = mapped_column(Text)
    results_format: Mapped[str] = mapped_column(String(9), default="COURSE")
