"""Tenants: the isolated customers of one installation; an "application" in the REST dialect."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Json, Model, UtcDateTime, hold, queue_at, session
from core.errors import Conflict, NotFound
from core.ids import new_id


class Tenant(Model):
    """``app_id`` is what clients of the REST dialect call the application id; ``settings`` holds tenant-wide defaults."""

    __tablename__ = "tenants"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    app_id: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


def create(name: str, app_id: str | None = None) -> Tenant:
    app_id = app_id or new_id()
    queue_at("tenant", app_id)
    if session().scalar(select(Tenant.id).where(Tenant.app_id == app_id)) is not None:
        raise Conflict(f"there already is an application {app_id!r}")
    tenant = Tenant(name=name, app_id=app_id)
    session().add(tenant)
    session().flush()
    return tenant


def get(tenant_id: int) -> Tenant:
    tenant = session().get(Tenant, tenant_id)
    if tenant is None:
        raise NotFound(f"no tenant {tenant_id}")
    return hold(tenant)


def lock(tenant_id: int) -> Tenant:
    """The tenant as it is now, its row locked until the unit of work ends: whoever changes a part of its settings holds it."""
    return session().get_one(Tenant, tenant_id, populate_existing=True, with_for_update=True)
