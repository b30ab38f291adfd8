"""Tables of course_packages: courses, their immutable versions, the files of a version, import jobs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Json, Model, UtcDateTime
from core.ids import new_id


class VersionStatus(StrEnum):
    IMPORTING = "importing"
    READY = "ready"
    REJECTED = "rejected"


class JobStatus(StrEnum):
    """The words of the REST dialect."""

    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"


class Course(Model):
    """What registrations are for. ``id`` is chosen by the client; ``current`` is the newest ready version's number.

    A course whose ``current`` is None has not been imported successfully yet and counts as absent for learners.
    """

    __tablename__ = "courses"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    title: Mapped[str] = mapped_column(Text, default="")
    current: Mapped[int | None]
    # Set by an administrator: wins over the title of the package at the next import.
    own_title: Mapped[bool] = mapped_column(default=False)
    # Set by an administrator; None: what the package says. Duration in seconds.
    description: Mapped[str | None] = mapped_column(Text)
    duration: Mapped[float | None]
    # Hash of a JPEG among the blobs, set by an administrator; None: the one of the version in use.
    thumbnail: Mapped[str | None] = mapped_column(String(64))
    tags: Mapped[list[str]] = mapped_column(Json, default=list)
    # Compatibility settings of the player for this course (names after SCORM Cloud's course configuration).
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    updated: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    __table_args__ = (Index("ix_courses_tenant_id_updated", "tenant_id", "updated"),)


class CourseVersion(Model):
    """One upload of a course. Never changes once ``status`` is ready or rejected, but for a thumbnail made later.

    ``package`` is :func:`course_packages.model.to_json` (None unless ready); read it with ``catalogue.package``.
    ``report`` is :meth:`course_packages.problems.Report.to_json` as an object.
    """

    __tablename__ = "course_versions"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    course_id: Mapped[str] = mapped_column(String(255))
    number: Mapped[int]
    status: Mapped[str] = mapped_column(String(9), default=VersionStatus.IMPORTING)
    # model.Standard; None until the package has been understood.
    standard: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(Text, default="")
    filename: Mapped[str] = mapped_column(String(255))
    zip_sha256: Mapped[str] = mapped_column(String(64))
    zip_size: Mapped[int] = mapped_column(BigInteger)
    file_count: Mapped[int] = mapped_column(default=0)
    total_size: Mapped[int] = mapped_column(BigInteger, default=0)
    package: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    report: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    # Hash of a JPEG among the blobs: from the package, or made of the media file.
    thumbnail: Mapped[str | None] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("tenant_id", "course_id", "number"),
        ForeignKeyConstraint(["tenant_id", "course_id"], ["courses.tenant_id", "courses.id"]),
    )


class PackageFile(Model):
    """One file of a version: where its bytes are. ``folded`` is ``archive.fold(path)``, unique within a version."""

    __tablename__ = "package_files"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    folded: Mapped[str] = mapped_column(Text, primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    mime: Mapped[str] = mapped_column(String(100))

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "version_id"], ["course_versions.tenant_id", "course_versions.id"]),
        Index("ix_package_files_sha256", "sha256"),
    )


class ImportJob(Model):
    """One import, as SCORM Cloud's importJobs show it. ``progress`` is 0 to 100.

    ``options``: ``url`` to fetch the package from, ``replace`` (:class:`course_packages.assets.Replacement`), ``threshold`` of a media
    course, ``strict``; all may be absent.
    """

    __tablename__ = "import_jobs"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    course_id: Mapped[str] = mapped_column(String(255))
    version_id: Mapped[str] = mapped_column(String(36))
    status: Mapped[str] = mapped_column(String(8), default=JobStatus.RUNNING)
    message: Mapped[str] = mapped_column(Text, default="")
    progress: Mapped[int] = mapped_column(default=0)
    options: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    # One sentence for each warning and repair.
    parser_warnings: Mapped[list[str]] = mapped_column(Json, default=list)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_import_jobs_tenant_id_course_id", "tenant_id", "course_id"),)
