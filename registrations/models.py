"""Tables of registrations: the words all standards share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Double, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Json, Model, UtcDateTime


class Learner(Model):
    """A person as the client system names them; ``id`` is the client's."""

    __tablename__ = "learners"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    first_name: Mapped[str] = mapped_column(String(255), default="")
    last_name: Mapped[str] = mapped_column(String(255), default="")
    email: Mapped[str | None] = mapped_column(String(320))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class Registration(Model):
    """One learner in one course version, which stays the version they began with.

    ``instance`` is the number of the current :class:`Instance`; ``settings`` are overrides of the course's settings.
    The title is copied because the version it comes from never changes.
    """

    __tablename__ = "registrations"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    learner_id: Mapped[str] = mapped_column(String(255))
    course_id: Mapped[str] = mapped_column(String(255))
    course_version: Mapped[int]
    # The same version by its id, as the catalogue and the course files know it.
    version_id: Mapped[str] = mapped_column(String(36))
    course_title: Mapped[str] = mapped_column(Text)
    instance: Mapped[int] = mapped_column(default=0)
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "learner_id"], ["learners.tenant_id", "learners.id"]),
        ForeignKeyConstraint(["tenant_id", "version_id"], ["course_versions.tenant_id", "course_versions.id"]),
        Index("ix_registrations_tenant_id_updated_id", "tenant_id", "updated", "id"),
        Index("ix_registrations_tenant_id_course_id", "tenant_id", "course_id"),
        Index("ix_registrations_tenant_id_learner_id", "tenant_id", "learner_id"),
    )


class Instance(Model):
    """One run of a registration with its progress; a reset starts the next number and keeps the old ones.

    ``completion`` is unknown, incomplete or completed; ``success`` unknown, passed or failed; ``score_scaled`` −1 to 1;
    ``score_raw`` and its bounds as the content gave them; ``progress_measure`` 0 to 1; ``cause`` says why completion and
    success are what they are: content, mastery_score, threshold, rollup or administrator.
    ``xapi_registration`` is the UUID that statements carry.
    """

    __tablename__ = "registration_instances"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    xapi_registration: Mapped[str] = mapped_column(String(36))
    completion: Mapped[str] = mapped_column(String(16), default="unknown")
    success: Mapped[str] = mapped_column(String(16), default="unknown")
    score_scaled: Mapped[float | None] = mapped_column(Double)
    score_raw: Mapped[float | None] = mapped_column(Double)
    score_min: Mapped[float | None] = mapped_column(Double)
    score_max: Mapped[float | None] = mapped_column(Double)
    total_seconds: Mapped[float] = mapped_column(Double, default=0.0)
    progress_measure: Mapped[float | None] = mapped_column(Double)
    cause: Mapped[str | None] = mapped_column(String(32))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    first_access: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_access: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "registration_id"], ["registrations.tenant_id", "registrations.id"], ondelete="CASCADE"
        ),
        Index("ix_registration_instances_tenant_id_xapi_registration", "tenant_id", "xapi_registration"),
    )


class Launch(Model):
    """One launch link and, once it was opened, the token it was exchanged for.

    ``mode`` is normal, review or browse. ``ended`` with ``end_reason`` (exited, superseded, revoked, expired) closes it.
    """

    __tablename__ = "launches"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    registration_id: Mapped[str] = mapped_column(String(255))
    instance: Mapped[int]
    mode: Mapped[str] = mapped_column(String(8), default="normal")
    locale: Mapped[str | None] = mapped_column(String(16))
    redirect_url: Mapped[str | None] = mapped_column(Text)
    start_activity: Mapped[str | None] = mapped_column(Text)
    ticket_hash: Mapped[str] = mapped_column(String(64))
    ticket_expires: Mapped[datetime] = mapped_column(UtcDateTime)
    token_hash: Mapped[str | None] = mapped_column(String(64))
    token_expires: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    redeemed: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(String(16))

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "registration_id"], ["registrations.tenant_id", "registrations.id"], ondelete="CASCADE"
        ),
        # A ticket or token is all that its request names.
        UniqueConstraint("ticket_hash"),
        UniqueConstraint("token_hash"),
        Index("ix_launches_tenant_id_registration_id", "tenant_id", "registration_id"),
    )
