"""Tables of the SCORM runtime: attempts, what the content stored, sessions, and what outlives an attempt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Double, ForeignKeyConstraint, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from core import clock
from core.db import Model, UtcDateTime


class JsonBytes(TypeDecorator[Any]):
    """A JSON value as UTF-8 bytes: what content stores may hold U+0000, which PostgreSQL takes neither as text nor as jsonb."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> bytes | None:
        return None if value is None else msgspec.json.encode(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> Any:
        return None if value is None else msgspec.json.decode(value)


class CourseState(Model):
    """The activity tree of one registration instance (mode normal), or of one launch for review or browsing.

    ``snapshot`` is the sequencer's; ``status`` is active, suspended or ended; ``attempt`` counts attempts on the course.
    ``settings`` are the compatibility settings in force, resolved at each start of the player. ``scoped`` holds global
    objectives and shared data whose manifest keeps them to this course: ``{"objectives": {id: state}, "data": {id: value}}``,
    and what earlier attempts came to: ``"reached": [success, score]`` or null.
    ``seconds`` is the time of all ended sessions. ``last_key`` and ``last_answer`` repeat the answer to the last request
    that named no session.
    """

    __tablename__ = "scorm_course_states"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    registration_id: Mapped[str] = mapped_column(String(255))
    instance: Mapped[int]
    launch_id: Mapped[str] = mapped_column(String(36))
    mode: Mapped[str] = mapped_column(String(8))
    attempt: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(9), default="active")
    snapshot: Mapped[dict[str, Any]] = mapped_column(JsonBytes)
    settings: Mapped[dict[str, Any]] = mapped_column(JsonBytes)
    scoped: Mapped[dict[str, Any]] = mapped_column(JsonBytes, default=dict)
    seconds: Mapped[float] = mapped_column(Double, default=0.0)
    # What statements already said of the course: {"completion", "success"} of the current attempt.
    told: Mapped[dict[str, Any]] = mapped_column(JsonBytes, default=dict)
    last_key: Mapped[str | None] = mapped_column(String(64))
    last_answer: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    started: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "registration_id", "instance"],
            [
                "registration_instances.tenant_id",
                "registration_instances.registration_id",
                "registration_instances.number",
            ],
            ondelete="CASCADE",
        ),
        Index("ix_scorm_course_states_tenant_id_registration_id_instance", "tenant_id", "registration_id", "instance"),
        # The sweep looks for active ones of all tenants that nothing has moved for long.
        Index("ix_scorm_course_states_status_updated", "status", "updated"),
    )


class ActivityState(Model):
    """What the content stored in one attempt on one activity; ``number`` is the sequencer's attempt count.

    ``cmi`` is flat: element → value as the content set it. ``saved`` tells whether it ever set anything.
    ``seconds`` is the time of the ended sessions of this activity attempt (cmi.total_time of the next session).
    ``uuid`` names the attempt in statements. ``cause``: why completion and success are what they are.
    """

    __tablename__ = "scorm_activity_states"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    course_state_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    activity: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uuid: Mapped[str] = mapped_column(String(36))
    cmi: Mapped[dict[str, str]] = mapped_column(JsonBytes, default=dict)
    saved: Mapped[bool] = mapped_column(default=False)
    seconds: Mapped[float] = mapped_column(Double, default=0.0)
    cause: Mapped[str] = mapped_column(String(16), default="content")
    # What statements already said of this attempt, so that a repeated commit does not say it again.
    told: Mapped[dict[str, Any]] = mapped_column(JsonBytes, default=dict)
    started: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "course_state_id"],
            ["scorm_course_states.tenant_id", "scorm_course_states.id"],
            ondelete="CASCADE",
        ),
    )


class RuntimeSession(Model):
    """One delivery of an activity to the learner, from its launch until the content ends or is taken away.

    ``seq`` and ``last_key`` belong to the last request stored, ``last_answer`` to the one that ended the session.
    ``seconds`` is what was counted for it into the totals. ``end`` is terminate, unload or inferred.
    """

    __tablename__ = "scorm_sessions"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    course_state_id: Mapped[str] = mapped_column(String(36))
    activity: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    launch_id: Mapped[str] = mapped_column(String(36))
    seq: Mapped[int] = mapped_column(default=0)
    last_key: Mapped[str | None] = mapped_column(String(64))
    last_answer: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    entry: Mapped[str] = mapped_column(String(9), default="")
    initialized: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seconds: Mapped[float] = mapped_column(Double, default=0.0)
    started: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    ended: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end: Mapped[str | None] = mapped_column(String(9))

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "course_state_id"],
            ["scorm_course_states.tenant_id", "scorm_course_states.id"],
            ondelete="CASCADE",
        ),
        Index("ix_scorm_sessions_tenant_id_course_state_id", "tenant_id", "course_state_id"),
    )


class TracePart(Model):
    """What one runtime request added to the trace of a launch: see :mod:`scorm_runtime.trace` for the entries."""

    __tablename__ = "scorm_trace_parts"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    registration_id: Mapped[str] = mapped_column(String(255))
    instance: Mapped[int]
    launch_id: Mapped[str] = mapped_column(String(36))
    time: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    entries: Mapped[list[dict[str, Any]]] = mapped_column(JsonBytes)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "registration_id", "instance"],
            [
                "registration_instances.tenant_id",
                "registration_instances.registration_id",
                "registration_instances.number",
            ],
            ondelete="CASCADE",
        ),
        Index("ix_scorm_trace_parts_tenant_id_registration_id_launch_id", "tenant_id", "registration_id", "launch_id"),
        # The sweep forgets old ones of all tenants.
        Index("ix_scorm_trace_parts_time", "time"),
    )


class GlobalObjective(Model):
    """A global objective that a learner carries from course to course (adlseq:objectivesGlobalToSystem)."""

    __tablename__ = "scorm_global_objectives"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    learner_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    objective: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[dict[str, Any]] = mapped_column(JsonBytes)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "learner_id"], ["learners.tenant_id", "learners.id"], ondelete="CASCADE"),
    )


class SharedData(Model):
    """A data store (adl.data) that a learner carries from course to course (adlcp:sharedDataGlobalToSystem)."""

    __tablename__ = "scorm_shared_data"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    learner_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    target: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(JsonBytes)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "learner_id"], ["learners.tenant_id", "learners.id"], ondelete="CASCADE"),
    )


class LmsComment(Model):
    """What an instructor wrote for the content to show (cmi.comments_from_lms); ``activity`` None: for every part.

    ``location`` is a place in the content, in its own words, empty for the whole part.
    """

    __tablename__ = "scorm_lms_comments"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    registration_id: Mapped[str] = mapped_column(String(255))
    activity: Mapped[str | None] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(Text)
    location: Mapped[str] = mapped_column(String(250), default="")
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "registration_id"], ["registrations.tenant_id", "registrations.id"], ondelete="CASCADE"
        ),
        Index("ix_scorm_lms_comments_tenant_id_registration_id", "tenant_id", "registration_id"),
    )


class LearnerBucket(Model):
    """A bucket of shared state (ssp.*) that a learner carries from course to course; ``key`` is the SHA-256 of its id.

    ``bucket``: [declaration, allocation success, data], see :class:`scorm_runtime.cmi_buckets.Bucket`.
    """

    __tablename__ = "scorm_buckets"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    learner_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    bucket: Mapped[list[str]] = mapped_column(JsonBytes)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "learner_id"], ["learners.tenant_id", "learners.id"], ondelete="CASCADE"),
    )
