"""The audit trail: who did what to what, append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Json, Model, UtcDateTime, session
from core.ids import new_id


class AuditEntry(Model):
    """``actor`` is ``person:email``, ``credential:key`` or ``system``; tenant 0 is the installation itself."""

    __tablename__ = "audit"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    time: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    actor: Mapped[str] = mapped_column(String(320))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(512), default="")
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    __table_args__ = (Index("ix_audit_tenant_id_time", "tenant_id", "time"),)


def record(tenant_id: int, actor: str, action: str, target: str = "", **details: Any) -> None:
    """Write an entry in the current transaction; ``action`` is ``noun.verb`` in the past (``course.deleted``)."""
    session().add(
        AuditEntry(tenant_id=tenant_id, id=new_id(), actor=actor, action=action, target=target, details=details)
    )
