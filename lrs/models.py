"""Tables of the record store."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Index, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Model, UtcDateTime


class StatementRow(Model):
    """A statement, or only its id (``position`` and ``body`` None) while statements point at it that came before it.

    ``position`` is the stored order: milliseconds of ``stored`` with a number that makes it unique within the tenant
    (:mod:`lrs.consistency`). ``body`` is the exact JSON received with what the store must add. ``authority`` is the reference of the
    credential.
    """

    __tablename__ = "statements"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    position: Mapped[int | None] = mapped_column(BigInteger)
    voided: Mapped[bool] = mapped_column(Boolean)
    authority: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_statements_tenant_id_position", "tenant_id", "position", unique=True),)


class StatementReference(Model):
    """What filters find a statement by: the key itself is the index, newest or oldest first."""

    __tablename__ = "statement_references"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reference: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)

    __table_args__ = ({"sqlite_with_rowid": False},)


class StatementTarget(Model):
    """Statement ``id`` has the StatementRef ``target_id`` as its object, and voids it if ``voids``."""

    __tablename__ = "statement_targets"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    target_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    voids: Mapped[bool] = mapped_column(Boolean)


class Activity(Model):
    """The canonical definition of an activity, merged from those received. ``key`` is the hash of ``id``."""

    __tablename__ = "activities"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(Text)
    definition: Mapped[str] = mapped_column(Text)
    updated: Mapped[datetime] = mapped_column(UtcDateTime)


class AgentName(Model):
    """A name under which an agent was seen. ``key`` is the hash of its identifier, ``name_key`` of the name."""

    __tablename__ = "agent_names"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    name_key: Mapped[str] = mapped_column(String(32), primary_key=True)
    identifier: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)


class Attachment(Model):
    """Where the bytes of an attachment are: its SHA-2 as the statement has it → the blob."""

    __tablename__ = "attachments"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha2: Mapped[str] = mapped_column(String(128), primary_key=True)
    blob: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)


class IdempotentRequest(Model):
    """A request that stored statements under an Idempotency-Key. ``ids`` is its answer, ``fingerprint`` the hash of what it sent."""

    __tablename__ = "idempotent_requests"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    ids: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Document(Model):
    """A State, Activity Profile or Agent Profile document.

    ``owner`` is the hash of kind, activity and agent, ``key`` the hash of ``id``; ``registration`` is empty where there is none, so that
    the primary key also holds without one.
    """

    __tablename__ = "documents"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(String(32), primary_key=True)
    registration: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    activity: Mapped[str | None] = mapped_column(Text)
    agent: Mapped[str | None] = mapped_column(Text)
    id: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    content_type: Mapped[str] = mapped_column(String(255))
    etag: Mapped[str] = mapped_column(String(40))
    updated: Mapped[datetime] = mapped_column(UtcDateTime)
